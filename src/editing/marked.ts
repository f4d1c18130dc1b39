/** What the blocks of a file are, whatever its kind of comments: `#` (block.ts), XML (xml-blocks.ts), `//`. */
import { blockIds, blocksAround, hasBlock, replacedBy, type Replaced } from "./block.ts";
import { xmlBlockIds } from "./xml-blocks.ts";

const slashMark = /^\/\/ >>> vouch (\S.*?)\r?$/gm;

function kindOf(text: string): "xml" | "slashes" | "hashes" {
  if (/^\ufeff?\s*</.test(text)) return "xml";
  // A line of npm's begins with two slashes, too: //HOST/:_authToken=…
  return text.startsWith("// ") && text.search(slashMark) >= 0 ? "slashes" : "hashes";
}

/** The ids of all blocks. Throws `edit_conflict`. */
export function markedIds(text: string, file: string): string[] {
  const kind = kindOf(text);
  if (kind === "xml") return xmlBlockIds(text, file);
  return kind === "hashes" ? blockIds(text, file) : [...text.matchAll(slashMark)].map(([, id]) => id!);
}

/** Whether the text has a block of this id. Throws `edit_conflict`. */
export function isMarked(text: string, id: string, file: string): boolean {
  return kindOf(text) === "hashes" ? hasBlock(text, id, file) : markedIds(text, file).includes(id);
}

/** What the blocks of this id have replaced; undefined without such a block, and where blocks replace nothing. */
export function replacedIn(text: string, id: string, file: string): Replaced | undefined {
  return kindOf(text) === "hashes" ? replacedBy(text, id, file) : undefined;
}

/** The ids of the blocks around those of this id, the outermost first; where blocks replace nothing, none is. */
export function markedAround(text: string, id: string, file: string): string[] {
  return kindOf(text) === "hashes" ? [...new Set(blocksAround(text, id, file))] : [];
}
