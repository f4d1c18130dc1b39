/** `vouch doctor --leaks`: finds tokens that people and tools have left behind. */
import { isatty } from "node:tty";
import { VouchError } from "../../../../base/errors.ts";
import type { Machine } from "../../../../tools/finding.ts";
import { note, printJson, warn } from "../../../terminal/terminal.ts";
import { endOf, mayBeGood } from "./ends.ts";
import { knownTokens } from "./known.ts";
import type { Leak } from "./leak.ts";
import { type Judged, leaksJson, showLeaks } from "./report.ts";
import { searchLeaks } from "./search.ts";

interface LeaksFlags {
  json?: boolean | undefined;
  fix?: boolean | undefined;
}

/** Searches, and prints what was found. Returns 1 if a token may be good, else 0. */
export async function doctorLeaks(machine: Machine, { json, fix }: LeaksFlags): Promise<number> {
  if (fix) {
    throw new VouchError("usage", "--fix puts back what the setup has written; it removes no tokens.", {
      hint: "Run `vouch doctor --leaks`, and remove them where it says.",
    });
  }
  const [leaks, searched] = searchLeaks(machine, (what) => {
    if (!json && isatty(2)) note(`Searching ${what} …`);
  });
  const known = await askKnown(leaks);
  const isLeak = ({ token, hasForm }: Leak): boolean => hasForm || known.has(token!);
  const judged = leaks.filter(isLeak).map((leak): Judged => {
    const end = endOf(leak, known);
    return { leak, end, isGood: mayBeGood(end, machine.now) };
  });
  if (json) printJson(leaksJson(judged, searched));
  else showLeaks(judged, searched, machine.now);
  return judged.some(({ isGood }) => isGood) ? 1 : 0;
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
