/**
 * Edits the user's .bazelrc: for the repository's host Bazel asks Vouch's credential helper.
 * https://bazel.build/external/advanced#using-credential-helper
 */
import { VouchError } from "../../base/errors.ts";
import { insertBlocks, removeBlocks, splitLines } from "../../editing/block.ts";
import { type Edited, undoCommand } from "../../editing/edited.ts";

/** The line for the host of an endpoint. */
export function helperLine(endpoint: string, helper: string): string {
  const option = `--credential_helper=${new URL(endpoint).hostname}=${helper}`;
  return `common ${/[\s"'\\#]/.test(option) ? `"${option.replace(/["\\]/g, "\\$&")}"` : option}`;
}

/** Adds the line at the end: of several for one host Bazel takes the last. Throws `edit_conflict`. */
export function setCredentialHelper(
  text: string | undefined,
  id: string,
  { endpoint, helper, file }: { endpoint: string; helper: string; file: string },
): Edited {
  const before = text === undefined ? undefined : unsetCredentialHelper(text, id, { file });
  const lines = splitLines(before ?? "");
  const edit = { from: lines.length, to: lines.length, lines: [helperLine(endpoint, helper)] };
  if (lines.at(-1)?.trimEnd().endsWith("\\") === true) {
    throw new VouchError("edit_conflict", `${file} ends with a line that no other continues.`, {
      hint: "Delete the backslash at its end, then run the command again.",
    });
  }
  return { text: insertBlocks(before, id, [edit], { file, undo: undoCommand(id) }), warnings: [] };
}

/** Removes the line with that id. Returns undefined if the file is to be deleted. Throws `edit_conflict`. */
export function unsetCredentialHelper(
  text: string,
  id: string,
  { file, onKept }: { file: string; onKept?: (line: string) => void },
): string | undefined {
  const isOwn = (line: string): boolean =>
    /^common "?--credential_helper=[\w.-]+=.*\/vouch-credential-helper"?$/.test(line);
  return removeBlocks(text, id, { file, isOwn, onKept });
}
