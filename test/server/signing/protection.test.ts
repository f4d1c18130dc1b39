/** Encryption of signing keys under a key of this machine, and the places of that key. */
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Secret } from "../../../src/base/secret.ts";
import { openKeyEncryptionKey, shownSource } from "../../../src/server/signing/key-encryption-key.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { parseProtection, type Protection } from "../../../src/server/signing/protection.ts";
import {
  makeSigningKey,
  openSigner,
  protectKey,
  publicJwk,
  unprotectKey,
} from "../../../src/server/signing/signing-key.ts";
import { propertyRuns } from "../../property-runs.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { privatePart, tracesOf } from "./traces.ts";

const issuer = "https://vouch.example.com";
const key = (fill: number) => new Secret(new Uint8Array(32).fill(fill));
const one = await localKek(key(1));
const other = await localKek(key(2));
const times = { publishedAt: 0, signsFrom: 0 };

describe("a signing key that is encrypted", () => {
  test("is the same key when it is decrypted, keeps its kid, and signs what its public key verifies", async () => {
    const open = await makeSigningKey(issuer, undefined);
    const closed = await protectKey(open, issuer, one);
    expect(closed.kid).toBe(open.kid);
    expect(publicJwk(closed)).toEqual(publicJwk(open));
    expect(await unprotectKey(closed, issuer, one)).toEqual(open);
    expect(await unprotectKey(open, issuer, one)).toEqual(open);
    const data = new TextEncoder().encode("signed");
    const signature = await (await openSigner({ ...closed, ...times }, issuer, one)).sign(data);
    const { kty = "", crv = "", x = "", y = "" } = publicJwk(closed);
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const verifier = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, false, ["verify"]);
    expect(
      await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, verifier, new Uint8Array(signature), data),
    ).toBe(true);
    expect(signature).toHaveLength(64);
  });

  test("shows nothing of the private key, and never the same ciphertext twice", async () => {
    const open = await makeSigningKey(issuer, undefined);
    const [first, second] = [await protectKey(open, issuer, one), await protectKey(open, issuer, one)];
    expect(first.protection).not.toBe(second.protection);
    const secret = privatePart(open.jwk);
    expect(tracesOf(secret, Buffer.from(open.jwk))).not.toEqual([]);
    expect(tracesOf(secret, Buffer.from(JSON.stringify([first, second])))).toEqual([]);
  });

  test("is opened by its key-encryption key alone, and only as the key of its issuer and its kid", async () => {
    const closed = await makeSigningKey(issuer, one);
    const stranger = await makeSigningKey(issuer, one);
    expect(await rejection(unprotectKey(closed, issuer, undefined))).toMatchObject({ code: "settings_missing" });
    expect(await rejection(unprotectKey(closed, issuer, other))).toMatchObject({
      code: "settings_invalid",
      message: expect.stringContaining(other.kek),
    });
    for (const [moved, url] of [
      [closed, "https://other.example.com"],
      [{ ...closed, protection: stranger.protection }, issuer],
      [{ ...closed, kid: stranger.kid }, issuer],
    ] as const) {
      expect(await rejection(unprotectKey(moved, url, one))).toMatchObject({
        code: "settings_invalid",
        message: expect.stringContaining("was changed after it was encrypted"),
      });
    }
  });

  test("is refused when any bit of it was changed", async () => {
    const closed = await makeSigningKey(issuer, one);
    const protection = parseProtection(closed.protection, closed.kid) as Extract<Protection, { by: "kek" }>;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("iv", "ciphertext"), fc.nat(), fc.nat(7), async (part, at, bit) => {
        const bytes = Buffer.from(protection[part as "iv"], "base64url");
        bytes[at % bytes.length]! ^= 1 << bit;
        const changed = { ...protection, [part]: bytes.toString("base64url") };
        const error = await rejection(unprotectKey({ ...closed, protection: JSON.stringify(changed) }, issuer, one));
        expect(error.code).toBe("settings_invalid");
      }),
      { numRuns: propertyRuns },
    );
  });

  test("is refused, without an error of the runtime, in every form that this program does not write", async () => {
    const closed = await makeSigningKey(issuer, one);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (protection) => {
        expect((await rejection(unprotectKey({ ...closed, protection }, issuer, one))).code).toBe("settings_invalid");
      }),
      { numRuns: propertyRuns },
    );
    const mixed = { ...closed, jwk: (await makeSigningKey(issuer, one)).jwk, ...times };
    expect(await rejection(openSigner(mixed, issuer, one))).toMatchObject({ code: "settings_invalid" });
  });
});

describe("the key-encryption key", () => {
  const folder = tempFolderUntil(afterAll);
  const base64 = Buffer.alloc(32, 1).toString("base64");
  const letters = base64.replace("=", "");
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test.each<[string, () => string, Record<string, string>]>([
    ["a file", () => `file:${file("kek", base64)}`, {}],
    ["a file with a line end", () => `file:${file("kek-line", `${base64}\r\n`)}`, {}],
    ["a file in base64url without padding", () => `file:${file("kek-url", base64.replace("=", ""))}`, {}],
    ["a variable", () => "env:KEK", { KEK: base64 }],
    ["a systemd credential", () => `credential:${file("vouch.kek", base64).slice(folder.length + 1)}`, {}],
  ])("is read from %s", async (_title, source, env) => {
    const protector = await openKeyEncryptionKey(source(), { CREDENTIALS_DIRECTORY: folder, ...env });
    expect(protector.kek).toBe(one.kek);
  });

  test.each<[string, () => string, string]>([
    ["the key itself", () => base64, "usage"],
    ["another kind of place", () => "https://example.com/kek", "usage"],
    ["nothing", () => "file:", "usage"],
    ["a file that there is not", () => `file:${join(folder, "none")}`, "file_error"],
    ["a folder", () => `file:${folder}`, "file_error"],
    ["a key of 31 bytes", () => `file:${file("short", Buffer.alloc(31, 1).toString("base64"))}`, "settings_invalid"],
    ["a key of 33 bytes", () => `file:${file("long", Buffer.alloc(33, 1).toString("base64"))}`, "settings_invalid"],
    ["bytes as they are", () => `file:${file("raw", "\u0001".repeat(32))}`, "settings_invalid"],
    ["a passphrase", () => "env:PHRASE", "settings_invalid"],
    ["a variable that is not set", () => "env:NOTHING", "settings_missing"],
    ["a variable that is empty", () => "env:EMPTY", "settings_missing"],
    ["a credential in another folder", () => "credential:../kek", "usage"],
    ["a credential of no unit", () => "credential:kek", "settings_missing"],
    ["the key itself, said to be a file", () => `file:${base64}`, "file_error"],
    ["the key itself, said to be a variable", () => `env:${base64}`, "settings_missing"],
    ["the key itself in letters, said to be a variable", () => `env:${letters}`, "settings_missing"],
    ["a passphrase, said to be a variable", () => "env:horse", "settings_missing"],
    ["the key itself, said to be in KMS", () => `aws-kms:${base64}`, "usage"],
    ["the key itself, said to be a credential", () => `credential:${base64}`, "usage"],
    ["the key itself in letters, said to be a credential", () => `credential:${letters}`, "settings_missing"],
  ])("is not taken from %s, and no error repeats it", async (_title, source, code) => {
    const env = { PHRASE: "correct horse battery staple", EMPTY: "" };
    const error = await rejection(openKeyEncryptionKey(source(), env));
    expect(error.code).toBe(code as never);
    expect(error.hint).toBeString();
    const said = `${error.message} ${error.hint ?? ""} ${shownSource(source())}`;
    for (const secret of [base64.slice(0, 20), "horse", Buffer.alloc(31, 1).toString("base64").slice(0, 20)]) {
      expect(said).not.toContain(secret);
    }
  });
});
