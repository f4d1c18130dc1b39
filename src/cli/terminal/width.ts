/** The width of the terminal that a result is printed on. */
import { isatty, WriteStream } from "node:tty";

const stdout = 1;

/** In columns; undefined if stdout is no terminal, or one that does not say. */
export function outputWidth(): number | undefined {
  if (!isatty(stdout)) return undefined;
  const [columns] = new WriteStream(stdout).getWindowSize();
  return columns > 0 ? columns : undefined;
}
