/** Says where tokens lie and until when they are good: places and times, never a token. */
import { documentationUrl } from "../../../../base/words/documentation.ts";
import { count } from "../../../../base/words/count.ts";
import { bold, dim, green, print, red, yellow } from "../../../terminal/terminal.ts";
import { clockTime, duration } from "../../../terminal/time.ts";
import type { End } from "./ends.ts";
import type { Leak, Searched } from "./leak.ts";
import { maxTokenSeconds } from "./token-form.ts";

/** A leak with what is known of its end. */
export interface Judged {
  leak: Leak;
  end: End;
  isGood: boolean;
}

/** As many places that were not searched are named. */
const maxSkipped = 10;

/** Prints the report on stdout; `now` is in seconds since 1970. */
export function showLeaks(judged: readonly Judged[], searched: Searched, now: number): void {
  for (const { leak, end, isGood } of judged) {
    print(`${isGood ? red("FAIL") : yellow("warn")}  ${whereOf(leak)}: ${endInWords(end, now)}.`);
    print(`      ${dim("→")} ${remedyOf(leak)}`);
  }
  for (const { what, why } of searched.skipped.slice(0, maxSkipped))
    print(`${yellow("warn")}  ${what} was not searched: ${why}.`);
  const more = searched.skipped.length - maxSkipped;
  if (more > 0) print(`${yellow("warn")}  ${more} more were not searched: see --json.`);
  const good = judged.filter(({ isGood }) => isGood).length;
  const looked = `${count(searched.files, "file")} and ${count(searched.processes, "process", "processes")} searched`;
  if (judged.length === 0) return print(`${green("ok  ")}  No token for CodeArtifact was found: ${looked}.`);
  print("");
  const ended = judged.length - good;
  const parts = [
    ...(good > 0 ? [`${good} may be good`] : []),
    ...(ended > 0 ? [`${ended} ${ended === 1 ? "has" : "have"} ended`] : []),
  ];
  print(bold(`${count(judged.length, "token")} found: ${parts.join(", ")}; ${looked}.`));
  if (good > 0) {
    print(
      `Nothing ends a CodeArtifact token before its time, not a new login and not \`vouch logout\`. Who may have seen one? What a company can do: ${documentationUrl("threat-model.md")}`,
    );
  }
}

/** The report as JSON. */
export function leaksJson(judged: readonly Judged[], { files, processes, skipped }: Searched): unknown {
  return {
    ok: judged.every(({ isGood }) => !isGood),
    leaks: judged.map(({ leak, end, isGood }) => ({
      ...placeJson(leak),
      mayBeGood: isGood,
      ...(end.expiration === undefined ? {} : { expiration: Math.floor(end.expiration) }),
      expirationBy: end.by,
      remedy: remedyOf(leak),
    })),
    searched: { files, processes },
    skipped,
  };
}

/** Where the token is, as the beginning of a sentence. */
export function whereOf(leak: Leak): string {
  if (leak.place === "file") return leak.line === undefined ? `${leak.path} (binary)` : `${leak.path}:${leak.line}`;
  const held = leak.variable === undefined ? "in its arguments" : `in ${leak.variable}`;
  return `Process ${leak.pid} (${leak.name}), ${held}`;
}

/** Until when it is good, to complete a sentence. */
export function endInWords({ expiration, by, atMost }: End, now: number): string {
  if (expiration === undefined) return "a token, good for an unknown time, twelve hours at most";
  const at = clockTime(expiration, now);
  const says = {
    agent: "the agent has given it out",
    token: "the token says so",
    file: `the file was changed last at ${clockTime(expiration - maxTokenSeconds, now)}, and no token lasts longer than twelve hours`,
    nothing: "",
  }[by];
  if (expiration <= now) return `a token that has ended (${says})`;
  const left = duration(expiration - now);
  return `a token, good until ${at}${atMost ? " at the latest" : ""}, ${left} from now (${says})`;
}

function remedyOf(leak: Leak): string {
  if (leak.place === "process") {
    if (leak.variable?.startsWith("VOUCH_"))
      return "A shim of Vouch has set it for this process, which its programs can read as long as they run.";
    return leak.variable === undefined
      ? "End the process, and give the program the token in another way: every user sees its arguments."
      : `End the process; in a shell \`unset ${leak.variable}\`, and start again what it has started.`;
  }
  if (leak.remedy !== undefined) return leak.remedy;
  if (leak.kind === "history")
    return "Close other shells, for each writes its history when it ends; then run `vouch doctor --leaks --fix`, or delete the line.";
  if (leak.line === undefined) return "Delete it with the program that the file belongs to.";
  return "Delete it there, or run `vouch doctor --leaks --fix`.";
}

function placeJson(leak: Leak): object {
  if (leak.place === "process") {
    const { place, pid, name, variable } = leak;
    return { place, pid, name, ...(variable === undefined ? { in: "arguments" } : { variable }) };
  }
  const { place, path, kind, line } = leak;
  return { place, path, kind, ...(line === undefined ? {} : { line }) };
}
