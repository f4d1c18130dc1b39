/** Enrolling a security key: every way in which a registration or its code is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { makeAttestationKey } from "../webauthn/attestation.ts";
import { aaguid, TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

test("a vendor's attestation is verified with its certificate, which must be for the key's AAGUID", async () => {
  const attestation = await makeAttestationKey(aaguid);
  const other = await makeAttestationKey(new Uint8Array(16));
  const key = new TestSecurityKey();
  expect((await server.enroll(key, { attestation })).status).toBe(200);
  const found = await server.store.credentials.find(key.id);
  expect(found?.credential.aaguid).toBe("07070707-0707-0707-0707-070707070707");
  expect((await server.enroll(new TestSecurityKey(), { attestation, forged: true })).status).toBe(403);
  expect((await server.enroll(new TestSecurityKey(), { attestation: other })).status).toBe(403);
});

test("an enrolment code is read as people type it, and an enrolment without attestation is accepted", async () => {
  const code = (await server.invite("someone@example.com")).toLowerCase().replaceAll("-", " ").replaceAll("0", "o");
  const { ceremony, options } = await server.enrollOptions(code);
  const credential = new TestSecurityKey().register(options, origin, { attestation: "none" });
  expect((await server.post("/v1/enroll", { ceremony, code, credential })).status).toBe(200);
});

describe("a registration is refused", () => {
  test.each<[string, Twist, RegExp]>([
    ["from another origin", { origin: "https://vouch.example.com.evil.example" }, /origin/],
    ["in a frame of another origin", { embedding: { crossOrigin: true } }, /frame/],
    ["below another top origin", { embedding: { topOrigin: "https://evil.example" } }, /frame/],
    ["for another rp.id", { rpId: "example.com" }, /RP ID/i],
    ["with another challenge", { challenge: "AAAA" }, /challenge/],
    ["of another type", { type: "webauthn.get" }, /type/],
    ["without user verification", { userVerified: false }, /verified/],
    ["without user presence", { userPresent: false }, /present/],
    ["with a self attestation by another key", { forged: true }, /attestation signature/],
  ])("%s", async (_name, twist, reason) => {
    const answer = await server.enroll(new TestSecurityKey(), twist);
    expect(answer.status).toBe(403);
    expect(answer.body.error.code).toBe("enrollment_denied");
    expect(answer.body.error.message).toMatch(reason);
  });

  test("while its code stays good", async () => {
    const code = await server.invite();
    const key = new TestSecurityKey();
    const first = await server.enrollOptions(code);
    const refused = key.register(first.options, origin, { userVerified: false });
    await server.post("/v1/enroll", { ceremony: first.ceremony, code, credential: refused });
    const second = await server.enrollOptions(code);
    const credential = key.register(second.options, origin);
    expect((await server.post("/v1/enroll", { ceremony: second.ceremony, code, credential })).status).toBe(200);
  });

  test("when its challenge has been answered", async () => {
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    const credential = new TestSecurityKey().register(options, origin, { userVerified: false });
    await server.post("/v1/enroll", { ceremony, code, credential });
    const again = await server.post("/v1/enroll", {
      ceremony,
      code,
      credential: new TestSecurityKey().register(options, origin),
    });
    expect(again.status).toBe(403);
    expect(again.body.error.message).toContain("finished before");
  });

  test("when the challenge is older than five minutes", async () => {
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    const credential = new TestSecurityKey().register(options, origin);
    server.advance(300);
    expect((await server.post("/v1/enroll", { ceremony, code, credential })).body.error.code).toBe("enrollment_denied");
  });

  test("when the ceremony was begun with another code", async () => {
    const { ceremony, options } = await server.enrollOptions(await server.invite("a@example.com"));
    const code = await server.invite("b@example.com");
    const credential = new TestSecurityKey().register(options, origin);
    expect((await server.post("/v1/enroll", { ceremony, code, credential })).status).toBe(403);
  });

  test("when the credential is enrolled already, while the code stays good", async () => {
    const key = new TestSecurityKey();
    await server.enroll(key);
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    const answer = await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin) });
    expect(answer.status).toBe(409);
    expect(answer.body.error.code).toBe("credential_excluded");
    expect((await server.post("/v1/enroll/options", { code })).status).toBe(200);
  });
});

describe("an enrolment code is refused", () => {
  test("when it is unknown, with the same answer for every such code", async () => {
    const answers = await Promise.all(
      ["0000-0000-0000-0000", "", "x".repeat(64)].map((code) => server.post("/v1/enroll/options", { code })),
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  test("when it has been used", async () => {
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    await server.post("/v1/enroll", { ceremony, code, credential: new TestSecurityKey().register(options, origin) });
    const answer = await server.post("/v1/enroll/options", { code });
    expect(answer.status).toBe(403);
    expect(answer.body.error.message).toContain("has been used");
  });

  test("when it is older than 24 hours, also between options and answer", async () => {
    const code = await server.invite();
    server.advance(24 * 3600 - 1);
    const { ceremony, options } = await server.enrollOptions(code);
    server.advance(1);
    const credential = new TestSecurityKey().register(options, origin);
    const answers = [
      await server.post("/v1/enroll", { ceremony, code, credential }),
      await server.post("/v1/enroll/options", { code }),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(403);
      expect(body.error.message).toContain("expired");
    }
  });

  test("when a newer one was made for the same user", async () => {
    const old = await server.invite();
    await server.invite();
    expect((await server.post("/v1/enroll/options", { code: old })).status).toBe(403);
  });

  test("to all but one of those who use it at once", async () => {
    const code = await server.invite();
    const ceremonies = await Promise.all([1, 2, 3, 4].map(() => server.enrollOptions(code)));
    const answers = await Promise.all(
      ceremonies.map(({ ceremony, options }) =>
        server.post("/v1/enroll", { ceremony, code, credential: new TestSecurityKey().register(options, origin) }),
      ),
    );
    expect(statusCounts(answers)).toEqual({ 200: 1, 403: 3 });
  });
});
