/** The agent's log: one line each on stderr, for the journal or the terminal. Nothing secret is ever passed here. */
import { writeSync } from "node:fs";
import { printable } from "../../base/printable.ts";

export function log(message: string): void {
  try {
    writeSync(2, `vouch agent: ${printable(message)}\n`);
  } catch {
    // A closed terminal must not end the agent.
  }
}
