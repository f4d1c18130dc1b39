/** User-chosen names of security keys. Loaded by the server and the command line. */

import { isLegible } from "../../base/words/legible.ts";

/** Maximum length of a name, in Unicode code points. */
const maxLength = 64;

/** The rule for names, to follow "expected" in a message. */
export const keyNameRule = `1 to ${maxLength} visible characters`;

/** Control characters, lone surrogates, line separators, and bidirectional marks. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The name in its stored form: NFC, without surrounding whitespace; undefined if it violates the rule. */
export function normalizeKeyName(text: string): string | undefined {
  const name = text.normalize("NFC").trim();
  const length = Array.from(name).length;
  return length >= 1 && length <= maxLength && !unprintable.test(name) && isLegible(name) ? name : undefined;
}

/** A valid name from untrusted text of a key or a server; undefined if no visible characters remain. */
export function cleanKeyName(text: string): string | undefined {
  const visible = text.replaceAll(new RegExp(unprintable, "gu"), " ").trim();
  return normalizeKeyName(Array.from(visible).slice(0, maxLength).join(""));
}

/** The name, with the first numeric suffix that makes it unique among `taken`. */
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
