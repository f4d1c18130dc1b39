/** `vouch doctor --leaks`: finds tokens that people and tools have left behind. */
import { isatty } from "node:tty";
import { VouchError } from "../../../../base/errors.ts";
import type { Machine } from "../../../../tools/checks/finding.ts";
import { readSmallFile } from "../../../../tools/checks/small-files.ts";
import { note, printJson, warn } from "../../../terminal/terminal.ts";
import { endOf, mayBeGood } from "./ends.ts";
import { knownTokens } from "./known.ts";
import type { Leak } from "./leak.ts";
import { commentMark, placeholder, removals, restorations } from "./line-edits.ts";
import { type FilePlace, leakPlaces } from "./places.ts";
import { editFiles } from "./removal.ts";
import { realPath } from "./files.ts";
import { type Judged, leaksJson, showLeaks } from "./report.ts";
import { searchLeaks } from "./search.ts";

interface LeaksFlags {
  json?: boolean | undefined;
  fix?: boolean | undefined;
  undo?: boolean | undefined;
}

/**
 * Searches, and prints what was found; `fix` removes it from files, `undo` takes such a removal back. Returns 1 if a token
 * that may be good is left, else 0. Throws `usage` for flags that do not go together, and as `editFiles`.
 */
export async function doctorLeaks(machine: Machine, { json, fix, undo }: LeaksFlags): Promise<number> {
  if ([json, fix, undo].filter(Boolean).length > 1) {
    throw new VouchError("usage", "--json, --fix and --undo do not go together.", {
      hint: "Give one of them: --fix and --undo ask on the terminal.",
    });
  }
  if (undo) return restore(machine);
  const [leaks, searched] = searchLeaks(machine, (what) => {
    if (!json && isatty(2)) note(`Searching ${what} …`);
  });
  const known = await askKnown(leaks);
  const isLeak = ({ token, hasForm }: Pick<Leak, "token" | "hasForm">): boolean => hasForm || known.has(token!);
  const judged = leaks.filter(isLeak).map((leak): Judged => {
    const end = endOf(leak, known);
    return { leak, end, isGood: mayBeGood(end, machine.now) };
  });
  if (json) printJson(leaksJson(judged, searched));
  else showLeaks(judged, searched, machine.now);
  const isEdited = fix ? await remove(judged, isLeak) : () => false;
  return judged.some(({ leak, isGood }) => isGood && !isEdited(leak)) ? 1 : 0;
}

/** Removes the tokens from the files in which they are, and returns of which leaks they were. */
async function remove(
  judged: readonly Judged[],
  isLeak: (found: Pick<Leak, "token" | "hasForm">) => boolean,
): Promise<(leak: Leak) => boolean> {
  const places = new Map<string, FilePlace>();
  for (const { leak } of judged) {
    if (leak.place === "file" && leak.line !== undefined && leak.token !== undefined) places.set(leak.path, leak);
  }
  const done = await editFiles(
    [...places.values()].map((place) => ({
      place,
      editsOf: (text) => removals(text, place, isLeak),
      question: (count) => `Remove ${count === 1 ? "this token" : `these tokens, on ${count} lines`}?`,
    })),
  );
  if (done.size > 0) note("Removed is not ended: each token is good until its time, for whoever has seen it.");
  return (leak) => leak.place === "file" && leak.token !== undefined && !!done.get(leak.path)?.includes(leak.line!);
}

/** Puts the lines in force again that a removal has kept as comments. */
async function restore(machine: Machine): Promise<number> {
  const places = leakPlaces(machine).files.filter(({ path, kind }) => kind === "settings" && hasComment(path));
  const byPath = new Map(places.map((place) => [realPath(place.path) ?? place.path, place]));
  if (byPath.size === 0) note("No line is kept as a comment by `vouch doctor --leaks --fix`.");
  const done = await editFiles(
    [...byPath.values()].map((place) => ({
      place,
      editsOf: restorations,
      question: (count) => `Put ${count === 1 ? "this line" : `these ${count} lines`} in force again?`,
    })),
  );
  if (done.size > 0) note(`Where the token was, the line says ${placeholder}: Vouch has written it nowhere.`);
  return 0;
}

function hasComment(path: string): boolean {
  return readSmallFile(path)?.includes(commentMark) ?? false;
}

/** What the agent knows; nothing without one, and from an agent of a version that does not remember. */
async function askKnown(leaks: readonly Leak[]): Promise<Map<string, number>> {
  try {
    return await knownTokens(leaks.flatMap(({ token }) => token ?? []));
  } catch (error) {
    const { code, message } = VouchError.from(error);
    if (code !== "login_needed") warn(`The agent does not say which tokens it has given out: ${message}`);
    return new Map();
  }
}
