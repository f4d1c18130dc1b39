/** Removes blocks from files whose other settings can be read: they are compared before and after. */
import { VouchError } from "../base/errors.ts";
import { removeBlocks, type RemovalRules } from "./block.ts";

export interface CheckedRemovalRules extends RemovalRules {
  /** Lines of Vouch's that stay if the user's lines would mean something else without them. */
  keep: (line: string) => boolean;
  /** Everything in a text that a removal must not change, to be compared by value. */
  othersIn: (text: string) => unknown;
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
