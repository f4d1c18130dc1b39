/** Text that others chose (a key's name, what a package manager says), for the description of a dialogue. */
import { printable } from "../../base/words/printable.ts";

/** More widens the window beyond the screen: programs break lines only at blanks. */
const maxCharacters = 300;
const ellipsis = "…";

/**
 * The text on one line, without characters that a dialogue may take for markup (Qt shows text that looks like HTML as
 * HTML), and cut in its middle: what is asked for stands at the beginning, where it goes at the end.
 */
export function quoted(text: string): string {
  const clean = Array.from(printable(text).replace(/[<>&]/g, "\ufffd"));
  if (clean.length <= maxCharacters) return clean.join("");
  const half = (maxCharacters - ellipsis.length) / 2;
  return clean.slice(0, Math.floor(half)).join("") + ellipsis + clean.slice(-Math.ceil(half)).join("");
}
