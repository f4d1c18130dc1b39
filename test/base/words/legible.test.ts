/** Names that people can read, and those that show nothing or paint over what is near. */
import { expect, test } from "bun:test";
import { isLegible } from "../../../src/base/words/legible.ts";
import { normalizeKeyName } from "../../../src/fido/webauthn/key-name.ts";
import { normalizeEmail } from "../../../src/server/keys/email-address.ts";

const marks = (count: number) => "\u0338".repeat(count);

test.each([
  "a",
  "Ann Müller",
  "Nguyễn Thị Ánh".normalize("NFD"),
  "מַפְתֵּחַ",
  "कुंजी",
  "བསྒྲུབས",
  "키",
  "🔑",
  "👩‍👩‍👧",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "1️⃣",
  `a${marks(8)}`,
])("%s can be read", (text) => {
  expect(isLegible(text)).toBe(true);
  expect(normalizeKeyName(text)).toBe(text.normalize("NFC"));
});

test.each([
  ["nothing", ""],
  ["white space", " \u00a0\u3000\u2003"],
  ["the Hangul filler", "\u3164"],
  ["Hangul fillers of syllables", "\u115f\u1160"],
  ["the half-width Hangul filler", "\uffa0"],
  ["zero-width characters", "\u200b\u200c\u200d\u2060\ufeff"],
  ["variation selectors", "\ufe0f\u{e0100}"],
  ["the blank Braille pattern", "\u2800"],
  ["tags", "\u{e0041}"],
  ["marks without a character", "\u0301\u0302"],
  ["hundreds of marks", `a${marks(255)}`],
  ["marks with zero-width characters between them", `a${`${marks(8)}\u200b`.repeat(8)}`],
])("%s cannot", (_what, text) => {
  expect(isLegible(text)).toBe(false);
  expect(normalizeKeyName(text)).toBeUndefined();
});

test.each(["\u3164", "dev\u3164", "\uffa0dev", "\u2800", `a${marks(20)}`])(
  "an address is none with %p in its local part",
  (local) => {
    expect(normalizeEmail(`${local}@example.com`)).toBeUndefined();
  },
);
