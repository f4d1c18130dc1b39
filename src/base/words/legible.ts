/** Whether people can read a text that somebody else chose: a name that shows nothing passes for none, or for another. */

/** What shows nothing, alone: white space, controls, zero-width characters, fillers (Hangul), the blank Braille pattern. */
const blank = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\u2800]/gu;
/** Combining marks on one character; no language has more. With hundreds a name is painted over all that is near. */
const manyMarks = /\p{M}{9}/u;
const base = /[^\p{M}]/u;

/** True if the text shows at least one character, and none with more than eight combining marks. */
export function isLegible(text: string): boolean {
  const shown = text.replaceAll(blank, "");
  return base.test(shown) && !manyMarks.test(shown);
}
