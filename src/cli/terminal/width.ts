/** The width of the terminal that a result, or a note, is printed on. */
import { isatty, WriteStream } from "node:tty";

const stdout = 1;
const stderr = 2;

/** In columns; undefined if stdout is no terminal, or one that does not say. */
export function outputWidth(): number | undefined {
  return widthOf(stdout);
}

/** As `outputWidth`, of stderr. */
export function terminalWidth(): number | undefined {
  return widthOf(stderr);
}

function widthOf(fd: number): number | undefined {
  if (!isatty(fd)) return undefined;
  const [columns] = new WriteStream(fd).getWindowSize();
  return columns > 0 ? columns : undefined;
}
