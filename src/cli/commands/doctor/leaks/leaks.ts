/** `vouch doctor --leaks`: finds tokens that people and tools have left behind. */
import { isatty } from "node:tty";
import { VouchError } from "../../../../base/errors.ts";
import type { Machine } from "../../../../tools/finding.ts";
import { note, printJson } from "../../../terminal/terminal.ts";
import { endOf, mayBeGood } from "./ends.ts";
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
  const known = new Map<string, number>();
  const judged = leaks.map((leak): Judged => {
    const end = endOf(leak, known);
    return { leak, end, isGood: mayBeGood(end, machine.now) };
  });
  if (json) printJson(leaksJson(judged, searched));
  else showLeaks(judged, searched, machine.now);
  return judged.some(({ isGood }) => isGood) ? 1 : 0;
}
