import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { decodeCborMap, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { ES256, importCoseKey } from "../../../src/fido/codec/cose.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { parseAuthenticatorData } from "../../../src/fido/webauthn/authenticator-data.ts";
import { collectClientData } from "../../../src/fido/webauthn/client-data.ts";
import vectors from "./vectors/none-es256.json";

const hex = (text: string) => Uint8Array.fromHex(text);
const authData = decodeCborMap(hex(vectors.registration.attestationObject)).get("authData") as Uint8Array;
const rpIdHash = new Uint8Array(createHash("sha256").update(vectors.rpId).digest());

describe("the W3C test vector none.ES256 is read", () => {
  test("in its registration", () => {
    const data = parseAuthenticatorData(authData);
    expect(data.rpIdHash).toEqual(rpIdHash);
    expect(data.flags).toEqual({ userPresent: true, userVerified: false, backupEligible: true, backedUp: true });
    expect(data.attestedCredentialData?.aaguid.toHex()).toBe(vectors.registration.aaguid);
    expect(data.attestedCredentialData?.credentialId.toHex()).toBe(vectors.registration.credentialId);
    expect(importCoseKey(data.attestedCredentialData?.credentialPublicKey ?? new Map(), ES256).type).toBe("public");
    expect(data.extensions).toBeUndefined();
  });

  test("in its authentication", () => {
    expect(parseAuthenticatorData(hex(vectors.authentication.authenticatorData))).toEqual({
      rpIdHash,
      flags: { userPresent: true, userVerified: false, backupEligible: true, backedUp: true },
      signCount: 0,
      attestedCredentialData: undefined,
      extensions: undefined,
    });
  });

  test("and its client data is made", () => {
    const challenge = hex(vectors.authentication.challenge).toBase64({ alphabet: "base64url", omitPadding: true });
    const { json, hash } = collectClientData("webauthn.get", challenge, `https://${vectors.rpId}`);
    expect(json.toHex()).toBe(vectors.authentication.clientDataJSON);
    expect(hash.toHex()).toBe(createHash("sha256").update(json).digest("hex"));
  });
});

test("extensions of authenticator data are read behind the rest", () => {
  const bytes = Uint8Array.of(...rpIdHash, 0x81, 0, 0, 1, 0, ...encodeCbor(new Map([["credProtect", 2]])));
  expect(parseAuthenticatorData(bytes)).toMatchObject({ signCount: 256, extensions: new Map([["credProtect", 2]]) });
});

describe("authenticator data is refused", () => {
  const flagged = (flags: number, rest: Uint8Array) =>
    Uint8Array.of(...authData.subarray(0, 32), flags, 0, 0, 0, 0, ...rest);
  const attested = authData.subarray(37);
  const longId = attested.slice();
  longId.set([0x04, 0x00], 16);

  test.each<[string, Uint8Array, string]>([
    ["36 bytes", authData.subarray(0, 36), "expected at least 37 bytes, got 36"],
    [
      "no attested credential data where it is announced",
      flagged(0x41, new Uint8Array(0)),
      "expected attested credential data",
    ],
    [
      "attested credential data that is not announced",
      flagged(0x01, attested),
      `expected the end, got ${attested.length}`,
    ],
    ["a public key that is cut off", authData.subarray(0, -1), "Malformed CBOR"],
    ["bytes after the public key", Uint8Array.of(...authData, 0), "expected the end, got 1 more bytes"],
    [
      "a credential id beyond the end",
      flagged(0x41, attested.subarray(0, 40)),
      "expected a credential id of 32 bytes and a public key",
    ],
    ["a credential id of 1024 bytes", flagged(0x41, longId), "at most 1023 bytes, got 1024"],
    ["no extensions where they are announced", flagged(0x81, new Uint8Array(0)), "Malformed CBOR"],
    ["extensions that are no map", flagged(0x81, Uint8Array.of(0x80)), "expected a map"],
  ])("with %s", (_, bytes, message) => {
    expect(() => parseAuthenticatorData(bytes)).toThrow(
      expect.objectContaining({ code: "protocol_error", message: expect.stringContaining(message) }),
    );
  });
});

test("authenticator data that is changed anywhere is read or refused with a VouchError", () => {
  fc.assert(
    fc.property(fc.nat(authData.length - 1), fc.nat(255), fc.nat(authData.length), (position, byte, length) => {
      const bytes = authData.slice();
      bytes[position] = byte;
      try {
        parseAuthenticatorData(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(VouchError);
      }
    }),
    { numRuns: 1000 },
  );
});
