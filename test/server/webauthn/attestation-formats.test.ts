/** Attestation objects: which are read, and that the server asks no address that one of them names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:net";
import { decodeBase64url, encodeBase64url } from "../../../src/fido/codec/base64url.ts";
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { type AttestationKey, makeAttestationKey } from "./attestation.ts";
import { aaguid, TestSecurityKey } from "./security-key.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
let listener: Server;
let connections = 0;
/** Vendors' keys whose certificates name a CRL and an issuer's certificate at the listener, and a file without end. */
let luring: AttestationKey;
let luringU2f: AttestationKey;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const lures = [`http://127.0.0.1:${port}/crl`, `https://127.0.0.1:${port}/crl`, "file:///dev/zero"];
  luring = await makeAttestationKey(aaguid, lures);
  luringU2f = await makeAttestationKey(new Uint8Array(16), lures);
});
afterAll(async () => {
  listener.close();
  await server.stop();
});

interface Parts {
  object: Map<string, CborValue>;
  authData: Uint8Array;
  clientDataHash: Uint8Array;
}

/** The enrolment of a new key whose attestation object was made over by `change`. */
async function enroll(change: (parts: Parts) => CborMap | Uint8Array, twist: { aaguid?: Uint8Array } = {}) {
  const code = await server.invite();
  const { ceremony, options } = await server.enrollOptions(code);
  const credential = new TestSecurityKey().register(options, origin, { ...twist, attestation: "none" });
  const { clientDataJSON, attestationObject } = credential.response;
  const object = new Map(decodeCborMap(decodeBase64url(attestationObject)) as Map<string, CborValue>);
  const clientDataHash = createHash("sha256").update(decodeBase64url(clientDataJSON)).digest();
  const changed = change({ object, authData: object.get("authData") as Uint8Array, clientDataHash });
  const bytes = changed instanceof Uint8Array ? changed : encodeCbor(changed);
  const response = { ...credential.response, attestationObject: encodeBase64url(bytes) };
  const answer = await server.post("/v1/enroll", { ceremony, code, credential: { ...credential, response } });
  // A refusal uses up no code.
  if (answer.status !== 200) expect((await server.post("/v1/enroll/options", { code })).status).toBe(200);
  return answer;
}

const statement = (format: string, members: Record<string, CborValue>) => (parts: Parts) =>
  parts.object.set("fmt", format).set("attStmt", new Map(Object.entries(members)));

/** A statement of the format, signed with the vendor's key over what packed statements sign. */
const signed =
  (format: string, { privateKey, certificate }: AttestationKey, more: Record<string, CborValue> = {}) =>
  (parts: Parts) =>
    statement(format, {
      alg: -7,
      sig: new Uint8Array(sign("sha256", Buffer.concat([parts.authData, parts.clientDataHash]), privateKey)),
      x5c: [certificate],
      ...more,
    })(parts);

/** WebAuthn Level 3, 8.6. */
const signedU2f =
  ({ privateKey, certificate }: AttestationKey) =>
  (parts: Parts) => {
    const { authData, clientDataHash } = parts;
    const length = authData[53]! * 256 + authData[54]!;
    const key = decodeCborMap(authData.subarray(55 + length)) as Map<number, Uint8Array>;
    const text = [Buffer.of(0), authData.subarray(0, 32), clientDataHash, authData.subarray(55, 55 + length)];
    const data = Buffer.concat([...text, Buffer.of(4), key.get(-2)!, key.get(-3)!]);
    const sig = new Uint8Array(sign("sha256", data, privateKey));
    return statement("fido-u2f", { sig, x5c: [certificate] })(parts);
  };

describe("a certificate that names addresses makes the server ask none", () => {
  test("in a packed and in a fido-u2f statement, which are verified all the same", async () => {
    expect((await enroll(signed("packed", luring))).status).toBe(200);
    expect((await enroll(signedU2f(luringU2f), { aaguid: new Uint8Array(16) })).status).toBe(200);
    expect(connections).toBe(0);
  });

  test.each(["android-key", "android-safetynet", "apple", "tpm", "compound", "Packed", "packed ", "", "x".repeat(999)])(
    "in the format %j, which is refused unread",
    async (format) => {
      const more = {
        ver: "2.0",
        response: luring.certificate,
        certInfo: luring.certificate,
        pubArea: new Uint8Array(9),
      };
      const { status, body } = await enroll(signed(format, luring, more));
      expect({ status, code: body.error.code }).toEqual({ status: 403, code: "enrollment_denied" });
      expect(body.error.message).toContain("its attestation format is not one that security keys use");
      expect(connections).toBe(0);
    },
  );

  test("in an assertion and a DPoP proof, which have no place for one", async () => {
    const { port } = listener.address() as { port: number };
    const url = `http://127.0.0.1:${port}/`;
    const { accessToken, dpop } = await server.session();
    const proof = await server.proof(dpop, {}, { jku: url, x5u: url, x5c: [luring.certificate.toBase64()], kid: url });
    expect([200, 400]).toContain(
      (await server.form("/oauth/token", { grant_type: "x", subject_token: accessToken }, { dpop: proof })).status,
    );
    expect(connections).toBe(0);
  });
});

describe("the server refuses an attestation object", () => {
  const certificates = (count: number) => Array.from({ length: count }, () => luring.certificate);
  let deep: CborValue = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  test.each<[string, (parts: Parts) => CborMap | Uint8Array]>([
    ["that is no CBOR", () => new Uint8Array([0xff, 0xff])],
    ["that is no map", () => encodeCbor([1])],
    ["with bytes after it", ({ object }) => Buffer.concat([encodeCbor(object), Buffer.of(0)])],
    ["with an array without end", () => Uint8Array.from([0x9f, 0x01])],
    ["with a length of exabytes", () => Uint8Array.fromHex("bb7fffffffffffffff")],
    ["with a fourth member", ({ object }) => object.set("epAtt", true)],
    ["without a statement", ({ object }) => (object.delete("attStmt"), object)],
    ["whose format is a number", ({ object }) => object.set("fmt", 7)],
    ["whose format is none, with a statement", statement("none", { x5c: [] })],
    ["nested deep", statement("packed", { alg: -7, sig: new Uint8Array(8), x5c: deep })],
    ["with five certificates", (parts) => signed("packed", luring, { x5c: certificates(5) })(parts)],
    ["without a certificate in its list", (parts) => signed("packed", luring, { x5c: [] })(parts)],
    ["with a certificate of 5 KiB", (parts) => signed("packed", luring, { x5c: [new Uint8Array(5120)] })(parts)],
    ["with a certificate that is text", (parts) => signed("packed", luring, { x5c: ["MII"] })(parts)],
    ["with a certificate cut short", (p) => signed("packed", luring, { x5c: [luring.certificate.slice(0, 200)] })(p)],
    ["with an unknown algorithm", (parts) => signed("packed", luring, { alg: -65_535 })(parts)],
    ["with an algorithm of another kind of key", (parts) => signed("packed", luring, { alg: -257 })(parts)],
    ["with ECDAA", (parts) => signed("packed", luring, { ecdaaKeyId: new Uint8Array(4) })(parts)],
    ["with a signature of 2 KiB", (parts) => signed("packed", luring, { sig: new Uint8Array(2048) })(parts)],
    ["with an empty signature", (parts) => signed("packed", luring, { sig: new Uint8Array(0) })(parts)],
    ["with another's signature", (parts) => signed("packed", { ...luring, privateKey: otherKey() })(parts)],
    ["of U2F for a key with an AAGUID", (parts) => signedU2f(luringU2f)(parts)],
  ])("%s", async (_name, change) => {
    const { status, body } = await enroll(change);
    expect({ status, code: body.error?.code }).toEqual({ status: 403, code: "enrollment_denied" });
    expect(body.error.message).not.toMatch(/undefined|null|TypeError|not a function|evaluating/);
    expect(connections).toBe(0);
  });
});

const otherKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** The same authenticator data with another COSE key. */
const withKey = (change: (key: Map<number, CborValue>) => unknown) => (parts: Parts) => {
  const { object, authData } = parts;
  const start = 55 + authData[53]! * 256 + authData[54]!;
  const key = new Map(decodeCborMap(authData.subarray(start)) as Map<number, CborValue>);
  const changed = change(key);
  const encoded = encodeCbor(changed instanceof Map ? (changed as CborMap) : key);
  return object.set("authData", new Uint8Array(Buffer.concat([authData.subarray(0, start), encoded])));
};

test.each<[string, (key: Map<number, CborValue>) => unknown]>([
  ["a point that is not on the curve", (key) => key.set(-2, new Uint8Array(32).fill(1))],
  ["the point at infinity", (key) => key.set(-2, new Uint8Array(32)).set(-3, new Uint8Array(32))],
  [
    "coordinates above the field",
    (key) => key.set(-2, new Uint8Array(32).fill(255)).set(-3, new Uint8Array(32).fill(255)),
  ],
  ["another curve", (key) => key.set(-1, 2)],
  ["curve 0", (key) => key.set(-1, 0)],
  ["another key type", (key) => key.set(1, 1)],
  [
    "an RSA key",
    () =>
      new Map<number, CborValue>([
        [1, 3],
        [3, -257],
        [-1, new Uint8Array(256)],
        [-2, new Uint8Array(3)],
      ]),
  ],
  ["another algorithm", (key) => key.set(3, -35)],
  ["the algorithm as text", (key) => key.set(3, "ES256")],
  ["no algorithm", (key) => void key.delete(3)],
  ["no x", (key) => void key.delete(-2)],
  ["no y", (key) => void key.delete(-3)],
  ["a compressed y", (key) => key.set(-3, true)],
  ["a short x", (key) => key.set(-2, (key.get(-2) as Uint8Array).slice(1))],
  ["a padded x", (key) => key.set(-2, new Uint8Array([0, ...(key.get(-2) as Uint8Array)]))],
  ["a y of 2 KiB", (key) => key.set(-3, new Uint8Array(2048))],
  ["a private part", (key) => key.set(-4, new Uint8Array(32))],
  ["a key id", (key) => key.set(2, new Uint8Array(4))],
  ["nothing", () => new Map()],
])("the server refuses a public key with %s, and the code stays good", async (_name, change) => {
  const { status, body } = await enroll(withKey(change));
  expect({ status, code: body.error?.code }).toEqual({ status: 403, code: "enrollment_denied" });
});

test("the refusal of an answer does not repeat its origin and challenge", async () => {
  const twists = [
    { origin: "https://\u001b[2J.example" },
    { challenge: "\u202e\r\nfaked" },
    { type: "\u001b]0;x\u0007" },
  ];
  const answers = await Promise.all(twists.map((twist) => server.enroll(new TestSecurityKey(), twist)));
  expect(statusCounts(answers)).toEqual({ 403: 3 });
  for (const { body } of answers) expect(body.error.message).toMatch(/^[\x20-\x7e]+$/);
});

describe("a passkey that can be synced", () => {
  test("is refused, and accepted when the server is configured to allow it", async () => {
    const refused = await server.enroll(new TestSecurityKey(), { backupEligible: true });
    expect(refused.body.error).toMatchObject({ code: "enrollment_denied", message: expect.stringContaining("synced") });
    const permissive = await startTestServer({ allowSyncedPasskeys: true });
    try {
      const key = new TestSecurityKey();
      expect((await permissive.enroll(key, { backupEligible: true })).status).toBe(200);
      const { user } = (await permissive.store.credentials.find(key.id))!;
      expect(await permissive.store.credentials.ofUser(user.id)).toMatchObject([{ backupEligible: true }]);
    } finally {
      await permissive.stop();
    }
  });
});
