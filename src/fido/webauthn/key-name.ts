/** The names that people give their security keys. Loaded by the server and the command line. */

/** The longest name, in Unicode code points. */
const maxLength = 64;

/** What a name must be, to stand behind "expected". */
export const keyNameRule = `1 to ${maxLength} visible characters`;

/** Controls, lone surrogates, line separators, and the marks that reorder a line. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The name as it is kept: in Unicode's form NFC, without surrounding blanks; undefined when it does not fit the rule. */
export function normalizeKeyName(text: string): string | undefined {
  const name = text.normalize("NFC").trim();
  const length = Array.from(name).length;
  return length >= 1 && length <= maxLength && !unprintable.test(name) ? name : undefined;
}

/** A name that fits the rule, made from what a key or a server says; undefined when nothing is left. */
export function cleanKeyName(text: string): string | undefined {
  const visible = text.replaceAll(new RegExp(unprintable, "gu"), " ").trim();
  return normalizeKeyName(Array.from(visible).slice(0, maxLength).join(""));
}

/** The name, with the first number behind it that makes it differ from those that are taken. */
export function numberKeyName(name: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : ` ${number}`;
    const numbered =
      Array.from(name)
        .slice(0, maxLength - suffix.length)
        .join("")
        .trimEnd() + suffix;
    if (!taken.includes(numbered)) return numbered;
  }
}
