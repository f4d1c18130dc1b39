import { expect, test } from "bun:test";
import { normalizeEmail } from "../../../src/server/keys/email-address.ts";

test.each([
  ["Dev@Example.com", "dev@example.com"],
  ["  dev@example.com\n", "dev@example.com"],
  ["o'brien@example.com", "o'brien@example.com"],
  ["first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"],
  ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"],
  ["jürgen@example.com", "jürgen@example.com"],
  ["JÜRGEN@example.com", "jürgen@example.com"],
  ["ju\u0308rgen@example.com", "jürgen@example.com"],
  ["user@bücher.de", "user@xn--bcher-kva.de"],
  ["user@BÜCHER.de", "user@xn--bcher-kva.de"],
  ["user@xn--bcher-kva.de", "user@xn--bcher-kva.de"],
  ["用户@例子.中国", "用户@xn--fsqu00a.xn--fiqs8s"],
  ["δοκιμή@παράδειγμα.δοκιμή", "δοκιμή@xn--hxajbheg2az3al.xn--jxalpdlp"],
  ["अजय@example.com", "अजय@example.com"],
  [`${"a".repeat(64)}@example.com`, `${"a".repeat(64)}@example.com`],
  ["a@b.co", "a@b.co"],
  ["1@1.example", "1@1.example"],
])("the email address %j is stored as %j", (text, stored) => {
  expect(normalizeEmail(text)).toBe(stored);
  expect(normalizeEmail(stored)).toBe(stored);
});

test.each([
  "",
  "dev",
  "@example.com",
  "dev@",
  "a@b",
  "a@localhost",
  "a@@example.com",
  "a@b@example.com",
  ".a@example.com",
  "a.@example.com",
  "a..b@example.com",
  "a b@example.com",
  '"a b"@example.com',
  "a@example..com",
  "a@.example.com",
  "a@example.com.",
  "a@-example.com",
  "a@example-.com",
  "a@exa_mple.com",
  "a@[192.0.2.1]",
  "a@192.0.2.1",
  "a@0x7f.1",
  "a@example.com/x",
  "a@exam%70le.com",
  "a@xn--a.de",
  "a\u0000@example.com",
  "a\u001b[31m@example.com",
  "a\u202e@example.com",
  "a\u200b@example.com",
  "a@exam\u200bple.com",
  "dev@example.com\nbcc:x@example.com",
  `${"a".repeat(65)}@example.com`,
  `${"ü".repeat(33)}@example.com`,
  `a@${"b".repeat(64)}.com`,
  `a@${"b.".repeat(130)}com`,
])("the email address %j is refused", (text) => {
  expect(normalizeEmail(text)).toBeUndefined();
});
