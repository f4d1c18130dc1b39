/** The challenge that a key signs: of the server's, and of what the touch is for. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  approveAdd,
  approveRemove,
  approveRename,
  type Deed,
  signedChallenge,
} from "../../../src/fido/webauthn/deed.ts";

const challenge = Buffer.alloc(32, 7).toString("base64url");

test("is the digest of domain, purpose, the challenge's bytes and what it is about, each after its length", () => {
  const bytes = Buffer.concat([
    Buffer.from("\0\0\0\x10vouch ceremony 1"),
    Buffer.from("\0\0\0\x07publish"),
    Buffer.from("\0\0\0\x20"),
    Buffer.alloc(32, 7),
    Buffer.from("\0\0\0\x0b4321 987654"),
  ]);
  const expected = createHash("sha256").update(bytes).digest("base64url");
  expect(signedChallenge(challenge, { purpose: "publish", about: "4321 987654" })).toBe(expected);
});

test("is about several parts, each after its length", () => {
  const bytes = Buffer.concat([
    Buffer.from("\0\0\0\x10vouch ceremony 1"),
    Buffer.from("\0\0\0\x0bapprove-add"),
    Buffer.from("\0\0\0\x20"),
    Buffer.alloc(32, 7),
    Buffer.from("\0\0\0\x03\x01\x02\x03"),
    Buffer.from("\0\0\0\x06drawer"),
    Buffer.from("\0\0\0\0"),
  ]);
  const expected = createHash("sha256").update(bytes).digest("base64url");
  expect(signedChallenge(challenge, approveAdd(new Uint8Array([1, 2, 3]), "drawer", undefined))).toBe(expected);
});

test("is another one for each challenge, purpose, and matter, also where their bytes in a row are the same", () => {
  const deeds: Deed[] = [
    { purpose: "login" },
    { purpose: "enroll" },
    { purpose: "add-key" },
    approveAdd(new Uint8Array(), undefined, undefined),
    approveAdd(Buffer.from("AA"), undefined, undefined),
    approveAdd(Buffer.from("A"), "A", undefined),
    approveAdd(Buffer.from("A"), undefined, "A"),
    approveAdd(Buffer.from("A"), "A", "A"),
    approveRename("A", "A", "A"),
    approveRename("AA", "", "A"),
    approveRename("", "AA", "A"),
    approveRemove("", "", false),
    approveRemove("AA", "", false),
    approveRemove("A", "A", false),
    approveRemove("A", "A", true),
    approveRemove("A", "Alast", false),
    { purpose: "publish", about: "AA" },
    { purpose: "publish", about: "1 11" },
    { purpose: "publish", about: "11 1" },
  ];
  const longer = Buffer.concat([Buffer.alloc(32, 7), Buffer.from("A")]).toString("base64url");
  const made = [challenge, longer].flatMap((each) => deeds.map((deed) => signedChallenge(each, deed)));
  expect(new Set([challenge, longer, ...made]).size).toBe(2 + 2 * deeds.length);
});
