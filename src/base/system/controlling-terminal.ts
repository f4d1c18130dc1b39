/** The terminal that this process belongs to, whatever its stdin, stdout and stderr are. */
import { closeSync, openSync } from "node:fs";

/** Whether there is one: a person may be there. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}
