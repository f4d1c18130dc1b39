/** Assertions for a login (WebAuthn Level 3, 7.2): their JSON, client data, authenticator data and signature. */
import { createHash } from "node:crypto";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { signedChallenge } from "../../../src/fido/webauthn/deed.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { origin } from "../test-server.ts";
import { answered, base64url, type Forged, proofOf, type Stage } from "./stage.ts";

type Credential = AuthenticationResponseJSON;

async function send(stage: Stage, credential: unknown, ceremony: string) {
  const parameters = {
    grant_type: webauthnGrant,
    ceremony,
    credential: typeof credential === "string" ? credential : JSON.stringify(credential),
  };
  return stage.server.form("/oauth/token", parameters, { dpop: await proofOf(stage) });
}

/** A login in which the answer of the key is changed after it was made. */
const changed =
  (change: (credential: Credential) => unknown, twist: Twist = {}) =>
  async (stage: Stage) => {
    const { ceremony, options } = await stage.server.loginOptions();
    return send(stage, change(stage.session.key.authenticate(options, origin, twist)), ceremony);
  };
const twisted = (twist: Twist) => changed((credential) => credential, twist);
const member = (members: Record<string, unknown>) => changed((credential) => ({ ...credential, ...members }));
const inResponse = (members: Record<string, unknown>) =>
  changed((credential) => ({ ...credential, response: { ...credential.response, ...members } }));

/** A login whose client data, authenticator data or both are other bytes, and signed as such by the right key. */
const signed =
  (make: { clientData?: (usual: Record<string, unknown>) => unknown; data?: (usual: Buffer) => Uint8Array }) =>
  async (stage: Stage) => {
    const { ceremony, options } = await stage.server.loginOptions();
    const { key } = stage.session;
    const usual = {
      type: "webauthn.get",
      challenge: signedChallenge(options.challenge, { purpose: "login" }),
      origin,
      crossOrigin: false,
    };
    const made = make.clientData?.(usual) ?? usual;
    const clientData = Buffer.from(typeof made === "string" ? made : JSON.stringify(made));
    const header = Buffer.alloc(37);
    createHash("sha256").update(new URL(origin).hostname).digest().copy(header);
    header[32] = 0x05;
    header.writeUInt32BE(1_000_000, 33);
    const data = make.data?.(header) ?? header;
    const credential = {
      ...key.authenticate(options, origin),
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(data),
        signature: base64url(key.signature(data, clientData)),
      },
    };
    return send(stage, credential, ceremony);
  };
const clientData = (change: (usual: Record<string, unknown>) => unknown) => signed({ clientData: change });
const data = (change: (usual: Buffer) => Uint8Array) => signed({ data: change });
const flags = (value: number) =>
  data((usual) => Buffer.concat([usual.subarray(0, 32), Buffer.of(value), usual.subarray(33)]));
const flagged = (value: number, rest: Uint8Array) =>
  data((usual) => Buffer.concat([usual.subarray(0, 32), Buffer.of(value), usual.subarray(33), rest]));

async function used(stage: Stage) {
  const { ceremony, options } = await stage.server.loginOptions();
  const credential = stage.session.key.authenticate(options, origin, { forged: true });
  await send(stage, credential, ceremony);
  return send(stage, credential, ceremony);
}

async function late(stage: Stage) {
  const { ceremony, options } = await stage.server.loginOptions();
  const credential = stage.session.key.authenticate(options, origin);
  stage.server.advance(300);
  return send(stage, credential, ceremony).finally(() => stage.server.advance(-300));
}

async function ofAnEnrolment(stage: Stage) {
  const { ceremony } = await stage.server.enrollOptions(await stage.server.invite());
  const { options } = await stage.server.loginOptions();
  return send(stage, stage.session.key.authenticate(options, origin), ceremony);
}

export const assertions: Forged[] = [
  ...answered(400, "invalid_request", [
    ["a credential that is no JSON", changed(() => "{"), "credential expected JSON"],
    ["a credential that is a list", changed(() => []), "credential.id is missing"],
    ["a credential that is null", changed(() => "null"), "credential expected Object"],
    ["a credential without an id", changed((rest) => ({ ...rest, id: undefined })), "credential.id is missing"],
    ["a credential without a rawId", changed((rest) => ({ ...rest, rawId: undefined })), "credential.rawId is missing"],
    ["a credential without a type", changed((rest) => ({ ...rest, type: undefined })), "credential.type is missing"],
    [
      "a credential without a response",
      changed((rest) => ({ ...rest, response: undefined })),
      "credential.response is missing",
    ],
    [
      "a credential without results of extensions",
      changed((rest) => ({ ...rest, clientExtensionResults: undefined })),
      "credential.clientExtensionResults is missing",
    ],
    [
      "results of extensions that are a list",
      member({ clientExtensionResults: [] }),
      "credential.clientExtensionResults expected an object",
    ],
    [
      "results of extensions that are null",
      member({ clientExtensionResults: null }),
      "credential.clientExtensionResults expected an object",
    ],
    ["a password", member({ type: "password" }), 'credential.type expected "public-key"'],
    [
      "an attachment that is unknown",
      member({ authenticatorAttachment: "none" }),
      'credential.authenticatorAttachment expected ("platform" | "cross-platform")',
    ],
    ["an unknown member", member({ extra: 1 }), "credential.extra has no place here"],
    ["an id in base64", member({ id: "ab+/" }), "credential.id expected base64url"],
    ["an id of five letters", member({ id: "AAAAA" }), "credential.id expected base64url"],
    ["an empty id", member({ id: "" }), "credential.id expected base64url"],
    ["an id of 1,024 bytes", member({ id: "A".repeat(1366), rawId: "A".repeat(1366) }), "credential.id is too long"],
    ["a response that is a list", member({ response: [] }), "credential.response.clientDataJSON is missing"],
    ["an unknown member of the response", inResponse({ extra: 1 }), "credential.response.extra has no place here"],
    [
      "client data of 4,097 bytes",
      inResponse({ clientDataJSON: "A".repeat(5464) }),
      "credential.response.clientDataJSON is too long",
    ],
    [
      "authenticator data that are a number",
      inResponse({ authenticatorData: 1 }),
      "credential.response.authenticatorData expected string",
    ],
    ["no signature", inResponse({ signature: undefined }), "credential.response.signature is missing"],
    ["an empty signature", inResponse({ signature: "" }), "credential.response.signature expected base64url"],
    [
      "a signature of 1,025 bytes",
      inResponse({ signature: "A".repeat(1368) }),
      "credential.response.signature is too long",
    ],
    ["a handle of 65 bytes", inResponse({ userHandle: "A".repeat(88) }), "credential.response.userHandle is too long"],
    ["a handle that is null", inResponse({ userHandle: null }), "credential.response.userHandle expected string"],
  ]),
  ...answered(400, "invalid_grant", [
    [
      "the id of a key that is not enrolled",
      member({ id: "AAAA", rawId: "AAAA" }),
      "This security key is not enrolled with this server",
    ],
    ["another rawId than id", member({ rawId: "AAAA" }), "it is malformed"],
    ["a signature of a byte", inResponse({ signature: "AA" }), "it is malformed"],
    [
      "a signature of zeros in DER",
      inResponse({ signature: base64url(Buffer.from("3006020100020100", "hex")) }),
      "the signature is wrong",
    ],
    ["the handle of another user", inResponse({ userHandle: "AAAA" }), "the user handle is not the credential's"],
    [
      "a ceremony that was made up",
      async (stage) =>
        send(stage, stage.session.key.authenticate((await stage.server.loginOptions()).options, origin), "made-up"),
      "The login took longer than five minutes or was finished before",
    ],
    ["a ceremony that is used up", used, "The login took longer than five minutes or was finished before"],
    ["a ceremony of five minutes ago", late, "The login took longer than five minutes or was finished before"],
    ["the ceremony of an enrolment", ofAnEnrolment, "The login took longer than five minutes or was finished before"],
    ["client data that are no JSON", clientData(() => "{"), "it is malformed"],
    ["client data that are null", clientData(() => "null"), "it is malformed"],
    ["client data that are a list", clientData(() => "[]"), "it is of another type"],
    ["client data that are bytes", clientData(() => "\u0000\u0001"), "it is malformed"],
    ["client data with a byte order mark", clientData((usual) => `\ufeff${JSON.stringify(usual)}`), "it is malformed"],
    [
      "client data of a registration",
      clientData((usual) => ({ ...usual, type: "webauthn.create" })),
      "it is of another type",
    ],
    ["client data of a payment", clientData((usual) => ({ ...usual, type: "payment.get" })), "it is of another type"],
    ["client data without a type", clientData((rest) => ({ ...rest, type: undefined })), "it is of another type"],
    [
      "client data without a challenge",
      clientData((rest) => ({ ...rest, challenge: undefined })),
      "it answers another challenge, or was given for something else",
    ],
    [
      "another challenge",
      clientData((usual) => ({ ...usual, challenge: "AAAA" })),
      "it answers another challenge, or was given for something else",
    ],
    [
      "a challenge with padding",
      clientData((usual) => ({ ...usual, challenge: `${String(usual["challenge"])}=` })),
      "it answers another challenge, or was given for something else",
    ],
    [
      "a challenge that is a list",
      clientData((usual) => ({ ...usual, challenge: [usual["challenge"]] })),
      "it answers another challenge, or was given for something else",
    ],
    [
      "client data without an origin",
      clientData((rest) => ({ ...rest, origin: undefined })),
      "it was made for another origin",
    ],
    [
      "another origin",
      clientData((usual) => ({ ...usual, origin: "https://evil.example" })),
      "it was made for another origin",
    ],
    [
      "an origin with a port",
      clientData((usual) => ({ ...usual, origin: `${origin}:8443` })),
      "it was made for another origin",
    ],
    [
      "an origin with a slash",
      clientData((usual) => ({ ...usual, origin: `${origin}/` })),
      "it was made for another origin",
    ],
    [
      "an origin by http",
      clientData((usual) => ({ ...usual, origin: "http://vouch.example.com" })),
      "it was made for another origin",
    ],
    [
      "an origin below",
      clientData((usual) => ({ ...usual, origin: "https://x.vouch.example.com" })),
      "it was made for another origin",
    ],
    [
      "an origin that is a list",
      clientData((usual) => ({ ...usual, origin: [origin] })),
      "it was made for another origin",
    ],
    [
      "a frame of another origin",
      clientData((usual) => ({ ...usual, crossOrigin: true })),
      "it was made in a frame of another origin",
    ],
    [
      "crossOrigin that is text",
      clientData((usual) => ({ ...usual, crossOrigin: "false" })),
      "it was made in a frame of another origin",
    ],
    [
      "a top origin",
      clientData((usual) => ({ ...usual, topOrigin: "https://evil.example" })),
      "it was made in a frame of another origin",
    ],
    [
      "no authenticator data",
      data(() => Buffer.of(0)),
      "Malformed authenticator data: expected at least 37 bytes, got 1",
    ],
    [
      "authenticator data of 36 bytes",
      data((usual) => usual.subarray(0, 36)),
      "Malformed authenticator data: expected at least 37 bytes, got 36",
    ],
    [
      "authenticator data with a byte more",
      data((usual) => Buffer.concat([usual, Buffer.of(0)])),
      "Malformed authenticator data: expected the end, got 1 more bytes",
    ],
    [
      "the hash of another RP ID",
      data((usual) => Buffer.concat([Buffer.alloc(32), usual.subarray(32)])),
      "it was made for another RP ID",
    ],
    ["no flags", flags(0), "the user was not present"],
    ["the user verified, but not present", flags(0x04), "the user was not present"],
    ["the user present, but not verified", flags(0x01), "the user was not verified"],
    ["a credential that can suddenly be copied", flags(0x0d), "its backup eligibility changed"],
    ["a copy of a credential that cannot be copied", flags(0x15), "it is malformed"],
    [
      "attested data announced, but not there",
      flags(0x45),
      "Malformed authenticator data: expected attested credential data, got the end",
    ],
    [
      "extensions announced, but not there",
      flags(0x85),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    ["extensions that are a list", flagged(0x85, encodeCbor([])), "Malformed CBOR: expected a map, got another type"],
    [
      "extensions cut short",
      flagged(0x85, Buffer.of(0xa1, 0x61)),
      "Malformed CBOR: it is cut short, or no CBOR that CTAP2 knows",
    ],
    [
      "extensions with a byte more",
      flagged(0x85, Buffer.of(0xa0, 0x00)),
      "Malformed CBOR: expected the end after the first item, got 1 more bytes",
    ],
    [
      "a counter of zero",
      data((usual) => Buffer.concat([usual.subarray(0, 33), Buffer.alloc(4)])),
      "its signature counter did not rise",
    ],
    ["a signature of another key", twisted({ forged: true }), "the signature is wrong"],
    [
      "the answer of another enrolled key under this id",
      async (stage) => {
        const other = new TestSecurityKey();
        await stage.server.enroll(other);
        return changed((own) => ({
          ...other.authenticate({ challenge: "AAAA" }, origin),
          id: own.id,
          rawId: own.rawId,
        }))(stage);
      },
      "it answers another challenge, or was given for something else",
    ],
  ]),
];
