/** Hostile answers of a "security key": what was signed cannot be changed, and nothing makes the server fail. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fc from "fast-check";
import { decodeBase64url, encodeBase64url } from "../../../src/fido/codec/base64url.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "./security-key.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

/** A byte changed, or the end cut off. */
const harm = fc.record({ position: fc.nat(), xor: fc.integer({ min: 1, max: 255 }), cut: fc.boolean() });

function harmed(text: string, { position, xor, cut }: { position: number; xor: number; cut: boolean }): string {
  const bytes = decodeBase64url(text);
  const index = position % bytes.length;
  if (cut) return encodeBase64url(bytes.subarray(0, Math.max(1, index)));
  bytes[index] = (bytes[index] ?? 0) ^ xor;
  return encodeBase64url(bytes);
}

/** The status of an enrolment whose response was changed by `change`. */
async function enroll(change: (response: { clientDataJSON: string; attestationObject: string }) => object) {
  const code = await server.invite();
  const { ceremony, options } = await server.enrollOptions(code);
  const credential = new TestSecurityKey().register(options, origin);
  const response = { ...credential.response, ...change(credential.response) };
  return (await server.post("/v1/enroll", { ceremony, code, credential: { ...credential, response } })).status;
}

test("a registration of random bytes is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), async (bytes) => {
      expect(await enroll(() => ({ attestationObject: encodeBase64url(bytes) }))).toBe(403);
      expect(await enroll(() => ({ clientDataJSON: encodeBase64url(bytes) }))).toBe(403);
    }),
    { numRuns: 50 },
  );
});

test("a registration with other client data than was signed is refused", async () => {
  await fc.assert(
    fc.asyncProperty(harm, async (how) => {
      expect(await enroll(({ clientDataJSON }) => ({ clientDataJSON: harmed(clientDataJSON, how) }))).toBe(403);
    }),
    { numRuns: 100 },
  );
});

test("a damaged attestation object is refused, or the damage is to the DER around the signature's numbers", async () => {
  await fc.assert(
    fc.asyncProperty(harm, async (how) => {
      const status = await enroll(({ attestationObject }) => ({ attestationObject: harmed(attestationObject, how) }));
      expect([200, 403]).toContain(status);
    }),
    { numRuns: 150 },
  );
});

test.each(["clientDataJSON", "authenticatorData", "userHandle"] as const)(
  "an assertion with another %s than was signed or stored is refused",
  async (member) => {
    const key = new TestSecurityKey();
    const dpop = await DpopKey.generate();
    await server.enroll(key);
    await fc.assert(
      fc.asyncProperty(harm, async (how) => {
        const { ceremony, options } = await server.loginOptions();
        const credential = key.authenticate(options, origin);
        const response = { ...credential.response, [member]: harmed(credential.response[member] ?? "", how) };
        const parameters = {
          grant_type: webauthnGrant,
          ceremony,
          credential: JSON.stringify({ ...credential, response }),
        };
        const { status, body } = await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
        expect({ status, error: body.error }).toEqual({ status: 400, error: "invalid_grant" });
      }),
      { numRuns: 60 },
    );
  },
);
