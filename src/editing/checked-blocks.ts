/** Blocks in files whose settings can be read: values are compared with what an edit must, and must not, change. */
import { VouchError } from "../base/errors.ts";
import { type Edit, insertBlocks, removeBlocks, type RemovalRules } from "./block.ts";
import { notEditable, undoCommand } from "./edited.ts";

export interface CheckedEdit {
  /** The path, for messages. */
  file: string;
  /** The values of a text, to be compared; undefined if it is malformed. */
  valuesIn: (text: string) => unknown;
  /** The values of the text as edited. */
  wanted: unknown;
  /** What a person can write where the edit is refused. */
  hint: string;
}

export interface CheckedRemovalRules extends RemovalRules {
  /** Lines of Vouch's that stay if the user's lines would mean something else without them. */
  keep: (line: string) => boolean;
  /** Everything in a text that a removal must not change, to be compared by value. */
  othersIn: (text: string) => unknown;
}

/**
 * Returns the text with the edits, as `insertBlocks` does, marked with the command that undoes them. Throws
 * `edit_conflict`, with the hint, if it then has other values than wanted.
 */
export function insertCheckedBlocks(
  text: string | undefined,
  id: string,
  edits: Edit[],
  { file, valuesIn, wanted, hint }: CheckedEdit,
): string {
  const edited = insertBlocks(text, id, edits, { file, undo: undoCommand(id) });
  if (Bun.deepEquals(valuesIn(edited), wanted, true)) return edited;
  throw notEditable(file, hint);
}

/**
 * Removes the blocks of this id and restores what they replaced, as `removeBlocks` does. Throws `edit_conflict` for broken
 * marks, and if other settings would change.
 */
export function removeCheckedBlocks(
  text: string,
  id: string,
  { keep, othersIn, ...rules }: CheckedRemovalRules,
): string | undefined {
  const others = othersIn(text);
  for (const each of [rules, { ...rules, keep }]) {
    const left = removeBlocks(text, id, each);
    if (left === undefined || Bun.deepEquals(othersIn(left), others, true)) return left;
  }
  throw new VouchError(
    "edit_conflict",
    `Taking the lines of ${id} out of ${rules.file} would change other settings in it.`,
    { hint: "Open the file and delete the lines from `# >>> vouch` to `# <<< vouch` by hand." },
  );
}
