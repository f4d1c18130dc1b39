/** Authenticator data, the relying party's options, base64url. */
import { decodeBase64url, encodeBase64url } from "../../../src/fido/codec/base64url.ts";
import { decodeCborMap } from "../../../src/fido/codec/cbor.ts";
import { ECDH_ES_HKDF_256, ES256, importCoseKey } from "../../../src/fido/codec/cose.ts";
import { parseAuthenticatorData } from "../../../src/fido/webauthn/authenticator-data.ts";
import { parseCreationOptions, parseRequestOptions } from "../../../src/fido/webauthn/options.ts";
import { expectBounded } from "../surroundings/bounded.ts";
import { answers, authenticatorData, corpus, operation } from "../corpus.ts";
import { mutateBytes } from "../mutations/bytes.ts";
import { mutateCbor } from "../mutations/cbor.ts";
import { mutateJson, parseJson } from "../mutations/json.ts";
import type { Target } from "../target.ts";
import { Violation } from "../surroundings/violation.ts";

const MAX_MUTATIONS = 4;
/** rpIdHash, flags, signCount; then AAGUID and the length of the credential id. */
const HEADER_BYTES = 37;
const CREDENTIAL_HEADER_BYTES = 18;
const CREDENTIAL_ID_BYTES = 32;

export const data: Target = {
  name: "authenticator-data",
  reads:
    "authenticator data and the credential's public key (src/fido/webauthn/authenticator-data.ts, src/fido/codec/cose.ts)",
  share: 120,
  input(random) {
    let bytes = random.pick(authenticatorData);
    for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) {
      const keyStart = HEADER_BYTES + CREDENTIAL_HEADER_BYTES + CREDENTIAL_ID_BYTES;
      bytes =
        bytes.length > keyStart && random.oneIn(2)
          ? mutateCbor(random, bytes, authenticatorData, keyStart)
          : mutateBytes(random, bytes, authenticatorData);
    }
    return [bytes];
  },
  run([bytes = new Uint8Array(0)]) {
    const parsed = parseAuthenticatorData(bytes);
    expectBounded(parsed, bytes.length);
    const key = parsed.attestedCredentialData?.credentialPublicKey;
    if (key !== undefined) importCoseKey(key, ES256);
    return parsed;
  },
};

/** The key agreement answers of the recorded ceremonies. */
const agreements = corpus
  .flatMap(({ exchanges }) => exchanges)
  .filter(({ request }) => operation(request) === "6.2")
  .map(({ answer }) => answer.subarray(1));

export const coseKey: Target = {
  name: "cose-key",
  reads: "the key agreement's public key (src/fido/codec/cose.ts)",
  share: 30,
  input(random) {
    let bytes = random.pick(agreements);
    for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1)
      bytes = mutateCbor(random, bytes, agreements);
    return [bytes];
  },
  run([bytes = new Uint8Array(0)]) {
    const key = decodeCborMap(bytes).get(0x01);
    return importCoseKey(key instanceof Map ? key : new Map(), ECDH_ES_HKDF_256);
  },
};

const origins = [
  "https://vouch.example.com",
  "https://vouch.example.com:8443/path",
  "http://localhost:8080",
  "https://[::1]",
  "vouch.example.com",
  "",
];

export const options: Target = {
  name: "options",
  reads: "the options of the server's JSON, for the server's origin (src/fido/webauthn/options.ts)",
  share: 50,
  input(random) {
    const ceremony = random.pick(corpus);
    let value = ceremony.options;
    for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) value = mutateJson(random, value);
    let origin: Uint8Array = new TextEncoder().encode(random.pick(origins));
    if (random.oneIn(10)) origin = mutateBytes(random, origin, [origin]);
    return [Uint8Array.of(ceremony.kind === "create" ? 0 : 1), new TextEncoder().encode(JSON.stringify(value)), origin];
  },
  run([control = new Uint8Array(1), json = new Uint8Array(0), origin = new Uint8Array(0)]) {
    const parse = control[0] === 0 ? parseCreationOptions : parseRequestOptions;
    const parsed = parse(parseJson(json), new TextDecoder().decode(origin));
    expectBounded(parsed, json.length + origin.length);
    return parsed;
  },
};

export const base64url: Target = {
  name: "base64url",
  reads: "base64url text (src/fido/codec/base64url.ts)",
  share: 30,
  input(random) {
    const text = new TextEncoder().encode(encodeBase64url(random.pick(answers).subarray(0, random.small(0, 64))));
    return [mutateBytes(random, text, [text, new TextEncoder().encode("=+/ \n\u00e9")])];
  },
  run([bytes = new Uint8Array(0)]) {
    const decoded = decodeBase64url(new TextDecoder().decode(bytes));
    if (decoded.length > bytes.length) throw new Violation(`${bytes.length} characters became ${decoded.length} bytes`);
    const again = decodeBase64url(encodeBase64url(decoded));
    if (!Bun.deepEquals(again, decoded)) throw new Violation("it reads back as something else");
    return decoded;
  },
};
