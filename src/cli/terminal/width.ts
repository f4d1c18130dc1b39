/** The width of the terminal that a result, or a note, is printed on; COLUMNS sets another one. */
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

/** As `outputWidth`, of an open file. */
export function widthOf(fd: number): number | undefined {
  if (!isatty(fd)) return undefined;
  const set = process.env["COLUMNS"] ?? "";
  if (/^[1-9][0-9]{0,3}$/.test(set)) return Number(set);
  const [columns] = new WriteStream(fd).getWindowSize();
  return columns > 0 ? columns : undefined;
}
