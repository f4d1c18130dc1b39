import { createPrivateKey, createPublicKey } from "node:crypto";
import { describe, expect, test } from "bun:test";
import type { CborMap } from "../../../src/fido/codec/cbor.ts";
import { ECDH_ES_HKDF_256, exportCoseKey } from "../../../src/fido/codec/cose.ts";
import { hashPin } from "../../../src/fido/ctap2/pin.ts";
import {
  authenticate,
  choosePinProtocol,
  encapsulate,
  type PinProtocol,
} from "../../../src/fido/ctap2/pin-protocol.ts";
import { PinUvAuthToken } from "../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { Secret } from "../../../src/base/secret.ts";
import vectors from "./vectors/pin-protocols.json";

const hex = (text: string) => Uint8Array.fromHex(text);
const base64url = (text: string) => hex(text).toBase64({ alphabet: "base64url", omitPadding: true });

interface Point {
  x: string;
  y: string;
}

const coseKey = ({ x, y }: Point): CborMap =>
  new Map<number, number | Uint8Array>([
    [1, 2],
    [3, -25],
    [-1, 1],
    [-2, hex(x)],
    [-3, hex(y)],
  ]);
const { x, y } = vectors.platformPublicKey;
const privateKey = createPrivateKey({
  key: { kty: "EC", crv: "P-256", d: base64url(vectors.platformPrivateKey), x: base64url(x), y: base64url(y) },
  format: "jwk",
});
const ephemeral = { privateKey, publicKey: createPublicKey(privateKey) };

describe.each(vectors.protocols)("PIN/UV auth protocol $version", (vector) => {
  const version = vector.version as PinProtocol;
  const agree = () => encapsulate(version, coseKey(vectors.authenticatorPublicKey), ephemeral);

  test("sends the platform's public key", () => {
    expect(agree().keyAgreement).toEqual(coseKey(vectors.platformPublicKey));
  });

  test("decrypts what another implementation encrypted", () => {
    const { secret } = agree();
    expect(secret.decrypt(hex(vector.tokenEnc)).toHex()).toBe(vector.token);
    expect(secret.decrypt(hex(vector.pinHashEnc)).toHex()).toBe(vectors.pinHash);
  });

  test("decrypts what it encrypts itself, with a new IV each time in protocol two", () => {
    const { secret } = agree();
    const [first, second] = [secret.encrypt(hex(vectors.pinHash)), secret.encrypt(hex(vectors.pinHash))];
    expect(secret.decrypt(first).toHex()).toBe(vectors.pinHash);
    expect(first.toHex() === second.toHex()).toBe(version === 1);
    expect(first.length).toBe(version === 1 ? 16 : 32);
  });

  test("authenticates a message as another implementation does", () => {
    const { message, signature } = vector.authenticated;
    expect(agree().secret.authenticate(hex(message)).toHex()).toBe(signature);
  });

  test.each([0, 1, 15, 17, 31])("refuses a ciphertext of %i bytes", (length) => {
    expect(() => agree().secret.decrypt(new Uint8Array(length))).toThrow("Expected a ciphertext of whole blocks");
  });

  test("replaces a destroyed secret by another one", () => {
    const { secret } = agree();
    secret.destroy();
    expect(secret.authenticate(hex(vector.authenticated.message)).toHex()).not.toBe(vector.authenticated.signature);
  });

  test("refuses a public key off the curve", () => {
    const wrong = { ...vectors.authenticatorPublicKey, y: vectors.platformPublicKey.y };
    expect(() => encapsulate(version, coseKey(wrong))).toThrow("expected a point on the curve P-256");
  });

  test("makes a new key pair for every agreement", () => {
    const peer = coseKey(vectors.authenticatorPublicKey);
    expect(encapsulate(version, peer).keyAgreement).not.toEqual(encapsulate(version, peer).keyAgreement);
  });
});

test("the key's public key may be any point on the curve", () => {
  const cose = exportCoseKey(ephemeral.publicKey, ECDH_ES_HKDF_256);
  expect(encapsulate(2, cose).keyAgreement.get(3)).toBe(ECDH_ES_HKDF_256);
});

test("a token authorizes with a truncated HMAC in protocol one, with all of it in protocol two", () => {
  const token = () => hex("aff12c6dcfbf9df52f7a09211e8865cd".repeat(2));
  const clientDataHash = new Uint8Array(32).fill(1);
  const expected = "cce96b6daf38e2d18581007e7d8b080bae0df49795b789637158f572fa2c0e90";
  expect(new PinUvAuthToken(1, token()).authenticate(clientDataHash)).toEqual({
    pinUvAuthParam: hex(expected.slice(0, 32)),
    pinUvAuthProtocol: 1,
  });
  expect(new PinUvAuthToken(2, token()).authenticate(clientDataHash)).toEqual({
    pinUvAuthParam: hex(expected),
    pinUvAuthProtocol: 2,
  });
});

test("a destroyed token authorizes nothing", () => {
  const bytes = new Uint8Array(32).fill(7);
  new PinUvAuthToken(2, bytes).destroy();
  expect(bytes).toEqual(new Uint8Array(32));
});

test.each<[number[], PinProtocol | undefined]>([
  [[2, 1], 2],
  [[1, 2], 1],
  [[3, 1], 1],
  [[3], undefined],
  [[], undefined],
])("of the protocols %p the key's preferred one that we know is used: %p", (offered, chosen) => {
  expect(choosePinProtocol(offered)).toBe(chosen);
});

describe("the hash of a PIN", () => {
  test("is the first half of SHA-256", () => {
    expect(hashPin(new Secret(vectors.pin), 4).toHex()).toBe(vectors.pinHash);
  });

  test("does not depend on how an accent is typed", () => {
    expect(hashPin(new Secret("cafe\u0301"), 4)).toEqual(hashPin(new Secret("caf\u00e9"), 4));
  });

  test.each([
    ["123", 4, "Expected a PIN of at least 4 characters, got 3."],
    ["🔑🔑🔑", 4, "Expected a PIN of at least 4 characters, got 3."],
    ["é".repeat(32), 4, "Expected a PIN of at most 63 bytes, got 64."],
    ["1234567", 8, "Expected a PIN of at least 8 characters, got 7."],
  ])("is not made of %s, which cannot be right: it is refused before the key counts it", (pin, minLength, message) => {
    expect(() => hashPin(new Secret(pin), minLength)).toThrow(expect.objectContaining({ code: "pin_policy", message }));
  });
});

test("authenticate(key, message) is HMAC-SHA-256 (RFC 4231, test case 2)", () => {
  const [key, message] = [new TextEncoder().encode("Jefe"), new TextEncoder().encode("what do ya want for nothing?")];
  const mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  expect(authenticate(2, key, message).toHex()).toBe(mac);
  expect(authenticate(1, key, message).toHex()).toBe(mac.slice(0, 32));
});
