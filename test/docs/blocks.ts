/** The fenced blocks of the documentation: what a reader copies. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A fenced block. Its info string is the language and then words for the test, which no renderer shows:
 *   elsewhere      a command for another machine or for root: read by the shell and by vouch, but not run
 *   serves         runs until it is stopped; it says when it listens
 *   exit=4         how it ends (0 without it)
 *   folder=my-app  where it is run: a project of that name below the home folder
 *   file=.npmrc    the block is that file in the folder
 */
export interface Block {
  document: string;
  /** The line of its first line, from 1. */
  line: number;
  /** The heading that it stands under. */
  heading: string;
  language: string;
  elsewhere: boolean;
  serves: boolean;
  exit: number;
  folder: string | undefined;
  file: string | undefined;
  text: string;
}

const root = join(import.meta.dir, "../..");

/** The text of a document, named from the project's root. */
function readDocument(document: string): string {
  return readFileSync(join(root, document), "utf8");
}

/** The blocks of a document in their order. Throws when a fence is not closed or has a word that is not known. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; heading: string; lines: string[] } | undefined;
  let heading = "";
  for (const [index, line] of readDocument(document).split("\n").entries()) {
    if (open === undefined) {
      const info = /^```(.*)$/.exec(line)?.[1];
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
      if (info !== undefined) open = { info, line: index + 2, heading, lines: [] };
    } else if (line === "```") {
      blocks.push(readBlock(document, open));
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${document}:${open.line}: the block is not closed`);
  return blocks;
}

/** The texts of the blocks of one language, in their order. */
export function blockTexts(document: string, language: string): string[] {
  return blocksOf(document).flatMap((block) => (block.language === language ? [block.text] : []));
}

/** The code spans of a document, outside of blocks, that are command lines of vouch. */
export function commandSpans(document: string): string[] {
  const prose = readDocument(document).replaceAll(/^```[^]*?^```$/gm, "");
  return [...prose.matchAll(/(?<!`)`(vouch [^`]+)`(?!`)/g)].map(([, span]) => span!);
}

function readBlock(
  document: string,
  { info, line, heading, lines }: { info: string; line: number; heading: string; lines: string[] },
): Block {
  const [language = "", ...words] = info.split(" ");
  const block: Block = {
    document,
    line,
    heading,
    language,
    elsewhere: false,
    serves: false,
    exit: 0,
    folder: undefined,
    file: undefined,
    text: lines.map((one) => `${one}\n`).join(""),
  };
  for (const word of words) {
    const [name, value = ""] = word.split("=");
    if (name === "elsewhere") block.elsewhere = true;
    else if (name === "serves") block.serves = true;
    else if (name === "exit") block.exit = Number(value);
    else if (name === "folder") block.folder = value;
    else if (name === "file") block.file = value;
    else throw new Error(`${document}:${line}: the block has the unknown word ${word}`);
  }
  return block;
}
