/** Edits a shell's start file so that the shims folder is first on PATH. */
import { removeCommand } from "../../editing/edited.ts";
import { insertBlocks, removeBlocks, splitLines } from "../../editing/block.ts";
import { isPathLine, pathLine } from "./dialects.ts";
import { hookLines, isHookLine } from "./hook.ts";

const id = "shims";

/** What the start file of that shell gets: its hook, or for a shell without one the line that changes PATH once. */
export function startLines(shell: string, folder: string): string[] {
  return hookLines(shell, folder) ?? [pathLine(shell, folder)];
}

/** Appends the lines. `text` is undefined if there is no file; `file` is its path for messages. */
export function addShimsToPath(text: string | undefined, lines: string[], file: string): string {
  const before = text === undefined ? undefined : removeShimsFromPath(text, file);
  const end = splitLines(before ?? "").length;
  return insertBlocks(before, id, [{ from: end, to: end, lines }], { file, undo: removeCommand });
}

/**
 * Removes the lines, also those of an earlier version. Returns undefined if the file is to be deleted. Throws
 * `edit_conflict`.
 */
export function removeShimsFromPath(text: string, file: string): string | undefined {
  return removeBlocks(text, id, { file, isOwn: (line) => isPathLine(line) || isHookLine(line) });
}
