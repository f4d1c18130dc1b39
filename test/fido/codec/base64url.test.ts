import { expect, test } from "bun:test";
import { decodeBase64url, encodeBase64url } from "../../../src/fido/codec/base64url.ts";

/** RFC 4648, section 10, and the two characters in which base64url differs. */
const vectors: [string, string][] = [
  ["", ""],
  ["66", "Zg"],
  ["666f", "Zm8"],
  ["666f6f", "Zm9v"],
  ["666f6f62", "Zm9vYg"],
  ["666f6f6261", "Zm9vYmE"],
  ["666f6f626172", "Zm9vYmFy"],
  ["fbff", "-_8"],
];

test.each(vectors)("the bytes %s are encoded as %s and decoded from it", (bytes, text) => {
  expect(encodeBase64url(Uint8Array.fromHex(bytes))).toBe(text);
  expect(decodeBase64url(text).toHex()).toBe(bytes);
});

test.each(["+/8", "Zg=", "Z", "Zm 9v", "Zm9v\n", "Zm9v!"])("%p is refused as base64url", (text) => {
  expect(() => decodeBase64url(text)).toThrow(expect.objectContaining({ code: "protocol_error" }));
});

test("padding of base64url is ignored", () => {
  expect(decodeBase64url("Zg==").toHex()).toBe("66");
});
