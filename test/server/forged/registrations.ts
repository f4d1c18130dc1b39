/** Registrations (WebAuthn Level 3, 7.1): CBOR, authenticator data, COSE keys, attestation statements. */
import { generateKeyPairSync, sign } from "node:crypto";
import { type CborKey, type CborValue, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { origin } from "../test-server.ts";
import { type Change, forged } from "./registration.ts";
import { answered, type Forged } from "./stage.ts";

const parts = (change: Change["parts"] & {}) => forged({ parts: change });
const object = (change: (usual: Map<CborKey, CborValue>) => unknown) =>
  forged({ object: (usual) => (change(usual), usual) });
const statement = (change: (usual: Map<CborKey, CborValue>) => unknown) =>
  forged({ statement: (usual) => (change(usual), usual) });
/** The COSE key with members set, or removed if undefined. */
const cose = (...members: [CborKey, CborValue][]) =>
  parts((usual) => {
    const key = new Map(usual.cose as ReadonlyMap<CborKey, CborValue>);
    for (const [name, value] of members)
      if (value === undefined) key.delete(name);
      else key.set(name, value);
    return { cose: key };
  });
const bytes = (change: (usual: Uint8Array) => Uint8Array) => forged({ bytes: change });
const hex = (text: string) => bytes(() => Buffer.from(text, "hex"));
const clientData = (change: (usual: Record<string, unknown>) => unknown) => forged({ clientData: change });
const credential = (change: (usual: Record<string, unknown>) => unknown) => forged({ credential: change });
const nested = (levels: number) => `${"81".repeat(levels)}00`;

export const registrations: Forged[] = [
  ...answered(403, "enrollment_denied", [
    ["an attestation object of one byte", hex("00"), "Malformed CBOR: expected a map, got another type"],
    ["an attestation object that is a list", hex("80"), "Malformed CBOR: expected a map, got another type"],
    ["an attestation object that is text", hex("6161"), "Malformed CBOR: expected a map, got another type"],
    ["an empty attestation object", hex("a0"), "the attestation object has fmt, attStmt, authData and nothing else"],
    ["a map of endless length", hex("bfff"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    ["text of endless length", hex("a17f6161ff00"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    ["a map that announces more than comes", hex("a3"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    [
      "text that announces four gigabytes",
      hex("a17affffffff"),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    [
      "a list that announces 2^64 - 1 items",
      hex("9bffffffffffffffff"),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    ["a tag", hex("c000"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    ["a reserved length", hex("1c"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    ["a break without a beginning", hex("ff"), "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows"],
    ["a key twice", hex("a2616100616101"), "Malformed CBOR: expected every map key once, got one twice"],
    ["a key that is a list", hex("a18000"), "Malformed CBOR: expected an integer or text as map key, got array"],
    ["a key that is bytes", hex("a1416100"), "Malformed CBOR: expected an integer or text as map key, got bytes"],
    ["a key that is a float", hex("a1f93c0000"), "Malformed CBOR: expected an integer or text as map key, got float"],
    ["seventeen levels", hex(nested(17)), "Malformed CBOR: expected at most 16 levels"],
    ["ten thousand levels", hex(nested(10_000)), "Malformed CBOR: expected at most 16 levels"],
    ["text that is no UTF-8", hex("a161ff00"), "the attestation object has fmt, attStmt, authData and nothing else"],
    [
      "an attestation object cut short",
      bytes((usual) => usual.subarray(0, -1)),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    [
      "an attestation object with a byte more",
      bytes((usual) => Buffer.concat([usual, Buffer.of(0)])),
      "Malformed CBOR: expected the end after the first item, got 1 more bytes",
    ],
    [
      "two attestation objects",
      bytes((usual) => Buffer.concat([usual, usual])),
      "Malformed CBOR: expected the end after the first item",
    ],
    [
      "no fmt",
      object((usual) => usual.delete("fmt")),
      "the attestation object has fmt, attStmt, authData and nothing else",
    ],
    ["fmt that is a number", object((usual) => usual.set("fmt", 1)), "Expected fmt (text), got another type"],
    [
      "the format tpm",
      object((usual) => usual.set("fmt", "tpm")),
      "its attestation format is not one that security keys use",
    ],
    [
      "the format android-safetynet",
      object((usual) => usual.set("fmt", "android-safetynet")),
      "its attestation format is not one that security keys use",
    ],
    [
      "the format apple",
      object((usual) => usual.set("fmt", "apple")),
      "its attestation format is not one that security keys use",
    ],
    [
      "a format in capital letters",
      object((usual) => usual.set("fmt", "PACKED")),
      "its attestation format is not one that security keys use",
    ],
    [
      "an unknown member beside the format",
      object((usual) => usual.set("extra", 1)),
      "the attestation object has fmt, attStmt, authData and nothing else",
    ],
    [
      "no attStmt",
      object((usual) => usual.delete("attStmt")),
      "the attestation object has fmt, attStmt, authData and nothing else",
    ],
    ["attStmt that is a list", object((usual) => usual.set("attStmt", [])), "Expected attStmt (map), got another type"],
    [
      "no authData",
      object((usual) => usual.delete("authData")),
      "the attestation object has fmt, attStmt, authData and nothing else",
    ],
    [
      "authData that are text",
      object((usual) => usual.set("authData", "x")),
      "Expected authData (bytes), got another type",
    ],
    [
      "authData of 36 bytes",
      object((usual) => usual.set("authData", new Uint8Array(36))),
      "Malformed authenticator data: expected at least 37 bytes, got 36",
    ],
    [
      "a statement in the format none",
      object((usual) => usual.set("fmt", "none")),
      "an attestation statement of the format none has no members and nothing else",
    ],
    [
      "a packed statement in the format fido-u2f",
      object((usual) => usual.set("fmt", "fido-u2f")),
      "a fido-u2f attestation statement has sig, x5c and nothing else",
    ],
    [
      "no alg in the statement",
      statement((usual) => usual.delete("alg")),
      "a packed attestation statement has alg, sig and nothing else",
    ],
    ["alg that is text", statement((usual) => usual.set("alg", "ES256")), "Expected alg (integer), got another type"],
    [
      "alg RS256 for a key on P-256",
      statement((usual) => usual.set("alg", -257)),
      "its self attestation has another algorithm than its key",
    ],
    [
      "no sig",
      statement((usual) => usual.delete("sig")),
      "a packed attestation statement has alg, sig and nothing else",
    ],
    ["an empty sig", statement((usual) => usual.set("sig", new Uint8Array())), "the attestation signature is wrong"],
    [
      "sig of 1,025 bytes",
      statement((usual) => usual.set("sig", new Uint8Array(1025))),
      "its attestation signature is too long",
    ],
    [
      "sig by another key",
      statement((usual) =>
        usual.set(
          "sig",
          new Uint8Array(sign("sha256", Buffer.of(1), generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)),
        ),
      ),
      "the attestation signature is wrong",
    ],
    [
      "an unknown member of the statement",
      statement((usual) => usual.set("ecdaaKeyId", new Uint8Array(1))),
      "a packed attestation statement has alg, sig and nothing else",
    ],
    [
      "an empty list of certificates",
      statement((usual) => usual.set("x5c", [])),
      "its list of attestation certificates is empty",
    ],
    [
      "a certificate that is text",
      statement((usual) => usual.set("x5c", ["x"])),
      "an attestation certificate is not bytes, or more than 4096 of them",
    ],
    [
      "a certificate that is no certificate",
      statement((usual) => usual.set("x5c", [new Uint8Array(64)])),
      "its attestation certificate is malformed",
    ],
    [
      "five certificates",
      statement((usual) =>
        usual.set(
          "x5c",
          Array.from({ length: 5 }, () => new Uint8Array(1)),
        ),
      ),
      "it has more than 4 attestation certificates",
    ],
    [
      "a certificate of 4,097 bytes",
      statement((usual) => usual.set("x5c", [new Uint8Array(4097)])),
      "an attestation certificate is not bytes, or more than 4096 of them",
    ],
    ["the hash of another RP ID", parts(() => ({ rpIdHash: new Uint8Array(32) })), "it was made for another RP ID"],
    ["the user not present", parts(() => ({ flags: 0x44 })), "the user was not present"],
    ["the user not verified", parts(() => ({ flags: 0x41 })), "the user was not verified"],
    [
      "a passkey that can be copied",
      parts(() => ({ flags: 0x4d })),
      "it is a passkey that can be synced; use a security key, which cannot be copied",
    ],
    ["a copy of a credential that cannot be copied", parts(() => ({ flags: 0x55 })), "it is malformed"],
    [
      "no attested data announced",
      parts(() => ({ flags: 0x05 })),
      "Malformed authenticator data: expected the end, got 127 more bytes",
    ],
    [
      "extensions announced, but not there",
      parts(() => ({ flags: 0xc5 })),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    [
      "extensions that are a list",
      parts(() => ({ flags: 0xc5, rest: encodeCbor([]) })),
      "Malformed CBOR: expected a map, got another type",
    ],
    [
      "bytes behind the public key",
      parts(() => ({ rest: Buffer.of(0) })),
      "Malformed authenticator data: expected the end, got 1 more bytes",
    ],
    [
      "a credential id that announces more than comes",
      parts(() => ({ idLength: 1000 })),
      "Malformed authenticator data: expected a credential id of 1000 bytes and a public key",
    ],
    [
      "a credential id that announces less than comes",
      parts(() => ({ id: new Uint8Array(32), idLength: 1 })),
      "expected the public key as a map",
    ],
    [
      "a public key that is a list",
      parts(() => ({ cose: [] })),
      "Malformed authenticator data: expected the public key as a map",
    ],
    ["an empty public key", parts(() => ({ cose: new Map() })), "its public key has other than five parameters"],
    [
      "a public key cut short",
      parts((usual) => ({ cose: encodeCbor(usual.cose).subarray(0, -1) })),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    [
      "a key for RS256",
      cose([1, 3], [3, -257]),
      "Unusable public key: expected an elliptic curve key (kty 2), got kty 3",
    ],
    [
      "a key for EdDSA",
      cose([1, 1], [3, -8], [-1, 6]),
      "Unusable public key: expected an elliptic curve key (kty 2), got kty 1",
    ],
    ["a key for ES384", cose([3, -35]), "Unusable public key: expected a key for ES256 (alg -7), got alg -35"],
    ["a key on P-384", cose([-1, 2]), "Unusable public key: expected a key on the curve P-256 (crv 1), got crv 2"],
    ["a key on secp256k1", cose([-1, 8]), "Unusable public key: expected a key on the curve P-256 (crv 1), got crv 8"],
    ["a key without alg", cose([3, undefined]), "its public key has other than five parameters"],
    ["a key without x", cose([-2, undefined]), "its public key has other than five parameters"],
    ["x of 31 bytes", cose([-2, new Uint8Array(31)]), "Unusable public key: expected x of 32 bytes"],
    ["y as a sign (a compressed point)", cose([-3, true]), "Unusable public key: expected y of 32 bytes"],
    [
      "a key off the curve",
      cose([-2, new Uint8Array(32).fill(1)]),
      "Unusable public key: expected a point on the curve P-256",
    ],
    ["a key with its private part", cose([-4, new Uint8Array(32)]), "its public key has other than five parameters"],
    [
      "client data of an assertion",
      clientData((usual) => ({ ...usual, type: "webauthn.get" })),
      "it is of another type",
    ],
    ["client data that are a list", clientData(() => []), "it is of another type"],
    [
      "the challenge as it came",
      clientData((usual) => ({ ...usual, challenge: "AAAA" })),
      "it answers another challenge, or was given for something else",
    ],
    [
      "another origin",
      clientData((usual) => ({ ...usual, origin: "https://evil.example" })),
      "it was made for another origin",
    ],
    [
      "a frame of another origin",
      clientData((usual) => ({ ...usual, crossOrigin: true })),
      "it was made in a frame of another origin",
    ],
    [
      "a top origin",
      clientData((usual) => ({ ...usual, topOrigin: origin })),
      "it was made in a frame of another origin",
    ],
    [
      "another id than the attested one",
      credential((usual) => ({ ...usual, id: "AAAA", rawId: "AAAA" })),
      "its credential id is another",
    ],
    ["another rawId than id", credential((usual) => ({ ...usual, rawId: "AAAA" })), "it is malformed"],
  ]),
  ...answered(400, "protocol_error", [
    ["an empty credential id", parts(() => ({ id: new Uint8Array() })), "credential.id expected base64url"],
    ["a credential id of 1,024 bytes", parts(() => ({ id: new Uint8Array(1024) })), "credential.id is too long"],
    [
      "nine transports",
      credential((usual) => ({
        ...usual,
        response: { ...(usual["response"] as object), transports: Array(9).fill("usb") },
      })),
      "credential.response.transports is too long",
    ],
    [
      "a transport that is a number",
      credential((usual) => ({ ...usual, response: { ...(usual["response"] as object), transports: [1] } })),
      "credential.response.transports.0 expected string",
    ],
    [
      "an algorithm with a fraction",
      credential((usual) => ({ ...usual, response: { ...(usual["response"] as object), publicKeyAlgorithm: -7.5 } })),
      "credential.response.publicKeyAlgorithm expected to fit integer",
    ],
  ]),
];
