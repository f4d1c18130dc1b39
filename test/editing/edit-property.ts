/** The property that holds for every edit of a file in which `#` begins a comment, whatever its format. */
import { expect } from "bun:test";
import fc from "fast-check";
import { VouchError } from "../../src/base/errors.ts";
import { splitLines } from "../../src/editing/block.ts";
import { propertyRuns } from "../property-runs.ts";
import { isSubsequence, outsideBlocks } from "./texts.ts";

interface Edit {
  set: (text: string) => string;
  /** Undefined if the file is to be deleted. */
  unset: (text: string) => string | undefined;
}

interface EditedFile extends Edit {
  text: string;
  /** The edit of another repository that the file has had before. */
  earlier?: Edit | undefined;
  /** Expects of the edited text what the edit is for. */
  says?: (edited: string) => void;
}

/** What `edit` returns; undefined if it refuses with `edit_conflict`. */
export function unlessRefused<Value>(edit: () => Value): Value | undefined {
  try {
    return edit();
  } catch (error) {
    if (error instanceof VouchError && error.code === "edit_conflict") return undefined;
    throw error;
  }
}

/**
 * Expects that an edit is refused, or says what it should, is undone to the byte (beside another repository's in either
 * order), is repeated without change and leaves all other lines as they are; and that at least `least` are not refused.
 */
export function expectUndoable(files: fc.Arbitrary<EditedFile>, least = propertyRuns / 20): void {
  let count = 0;
  fc.assert(
    fc.property(files, ({ text, set, unset, earlier, says }) => {
      const [before, edited] =
        unlessRefused(() => {
          const first = earlier === undefined ? text : earlier.set(text);
          return [first, set(first)] as const;
        }) ?? [];
      if (before === undefined || edited === undefined) return;
      count++;
      says?.(edited);
      expect(unset(edited)).toBe(before);
      if (earlier !== undefined) expect(unset(earlier.unset(edited)!)).toBe(text);
      expect(set(edited)).toBe(edited);
      // A block at the end gives the last line its line end.
      const last = splitLines(text).slice(-1);
      const lines = [...splitLines(text), ...last.flatMap((line) => [`${line}\n`, `${line}\r\n`])];
      expect(isSubsequence(outsideBlocks(edited), lines)).toBe(true);
    }),
    { numRuns: propertyRuns },
  );
  expect(count).toBeGreaterThanOrEqual(least);
}
