/** Edits a shell's start file: the shims folder goes first on PATH. */
import { undoCommand } from "./edited.ts";
import { insertBlocks, removeBlocks, splitLines } from "./block.ts";

const id = "shims";

/** The command line that puts a folder first on PATH, in the shell's own words. */
export function pathLine(shell: string, folder: string): string {
  return shell === "fish" ? `set -gx PATH ${quoted(folder)} $PATH` : `export PATH=${quoted(folder)}:"$PATH"`;
}

/** Adds the line at the end. `text` is undefined when there is no file; `file` is its path for messages. */
export function addShimsToPath(text: string | undefined, line: string, file: string): string {
  const before = text === undefined ? undefined : removeShimsFromPath(text, file);
  const end = splitLines(before ?? "").length;
  return insertBlocks(before, id, [{ from: end, to: end, lines: [line] }], { file, undo: undoCommand });
}

/** Takes the line away again. Returns undefined when the file is to be deleted. Throws `edit_conflict`. */
export function removeShimsFromPath(text: string, file: string): string | undefined {
  return removeBlocks(text, id, { file, isOwn: (line) => /^(export PATH=|set -gx PATH )/.test(line) });
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
