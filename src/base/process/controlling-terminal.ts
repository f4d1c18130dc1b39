/** The terminal that this process belongs to, whatever its stdin, stdout and stderr are. */
import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";

/** Whether there is one: a person may be there. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

/** Whether the descriptor of this process is a terminal, whichever. */
export function isTerminal(descriptor: number): boolean {
  return isatty(descriptor);
}
