/** Keys that are enrolled: what the policy says of them at each login, and what tokens say of their models. */
import "reflect-metadata";
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import type { PolicyRules } from "../../../src/server/policy/judgement.ts";
import type { Metadata } from "../../../src/server/policy/metadata.ts";
import { noRules } from "../../../src/server/policy/policy.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { holder, publishing } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { issue, type Issued } from "./authority.ts";

const aaguid = "07070707-0707-0707-0707-070707070707";
let root: Issued;
beforeAll(async () => {
  root = await issue({ isCa: true });
});

let server: TestServer;
afterEach(async () => await server.stop());

const metadata = (number: number, status: string): Metadata => ({
  number,
  nextUpdate: "2027-02-01",
  root: "ab".repeat(32),
  source: "",
  readAt: 0,
  models: [
    {
      aaguid,
      keyIdentifiers: [],
      description: "Example Security Key 5",
      roots: [root.base64],
      isHardware: true,
      reports: [{ status: "FIDO_CERTIFIED_L1" }, { status }],
    },
  ],
  skipped: 0,
});

/** Gives the server metadata as another replica would, and waits until it judges by them. */
async function learn(number: number, status: string): Promise<void> {
  await server.store.transaction(async (tables) => await tables.attestationMetadata.keep(metadata(number, status)));
  while (!server.logs.some((entry) => "event" in entry && entry.detail.startsWith(`number ${number},`)))
    await Bun.sleep(1);
}
async function start(rules: Partial<PolicyRules>): Promise<void> {
  const roots = rules.demand === "certified" ? [] : [readCertificate(root.certificate)];
  const attestation = { rules: { ...noRules, roots, ...rules }, source: undefined };
  server = await startTestServer({ attestation, metadataLookMs: 1 });
}
const attested = async (): Promise<Twist> => ({ attestation: await issue({ issuer: root }) });

test.each([
  ["all", 400],
  ["new", 200],
] as const)(
  "a model that is revoked later: with attestation-apply %s its login is answered with %d",
  async (applyTo, status) => {
    await start({ demand: "certified", applyTo });
    await learn(1, "UPDATE_AVAILABLE");
    const [key, dpop] = [new TestSecurityKey(), await DpopKey.generate()];
    expect((await server.enroll(key, await attested())).status).toBe(200);
    expect((await server.login(key, dpop)).status).toBe(200);
    await learn(2, "REVOKED");
    const { status: answered, body } = await server.login(key, dpop);
    expect(answered).toBe(status);
    if (status === 200) return;
    expect(body).toMatchObject({
      error: "invalid_grant",
      error_description: expect.stringContaining(`the FIDO metadata say REVOKED of its model (AAGUID ${aaguid})`),
    });
    const entries = await server.store.audit.page({ time: 0, chain: "", number: 0 }, server.now() + 1, 100);
    expect(entries.some(({ event, reason }) => event === "refuse" && reason?.includes("say REVOKED") === true)).toBe(
      true,
    );
  },
);

test("an approval by a key that is no longer taken is refused, and publishes nothing", async () => {
  await start({ demand: "certified", applyTo: "all" });
  await learn(1, "UPDATE_AVAILABLE");
  const [key, dpop] = [new TestSecurityKey(), await DpopKey.generate()];
  await server.enroll(key, await attested());
  const { body: opened } = await server.login(key, dpop);
  const session = { accessToken: opened.access_token as string, dpop };
  await learn(2, "USER_KEY_REMOTE_COMPROMISE");
  const begun = (await server.inSession(session, "POST", "/v1/publish/options", {})).body;
  const approval = key.authenticate(begun.approval, origin, {}, publishing);
  const { status, body } = await server.inSession(session, "POST", "/v1/publish", {
    ceremony: begun.ceremony,
    approval,
    holder,
  });
  expect({ status, code: body.error.code }).toEqual({ status: 403, code: "login_denied" });
  expect(body.error.message).toContain("say USER_KEY_REMOTE_COMPROMISE");
});

test("a key of which no attestation is kept is refused where all must be proved", async () => {
  await start({ demand: "roots", applyTo: "all" });
  const key = new TestSecurityKey();
  await server.enroll(key, await attested());
  const { credential } = (await server.store.credentials.find(key.id))!;
  await server.store.credentials.removeAll(credential.userId);
  await server.store.credentials.add({ ...credential, attestation: undefined });
  const { status, body } = await server.login(key, await DpopKey.generate());
  expect(status).toBe(400);
  expect(body.error_description).toContain("it was enrolled before this server kept attestations");
});

test("certificates must be valid when the key is enrolled, not at each login", async () => {
  await start({ demand: "roots", applyTo: "all" });
  const key = new TestSecurityKey();
  const attestation = await issue({ issuer: root, notAfter: "2027-01-16" });
  expect((await server.enroll(key, { attestation })).status).toBe(200);
  server.advance(30 * 24 * 3600);
  expect((await server.login(key, await DpopKey.generate())).status).toBe(200);
  expect((await server.enroll(new TestSecurityKey(), { attestation })).status).toBe(403);
});

test("what is proved of a key follows the metadata at its next login", async () => {
  await start({ demand: "none", roots: [] });
  const key = new TestSecurityKey();
  const proof = async () => (await server.store.credentials.find(key.id))!.credential.proof;
  await server.enroll(key, await attested());
  expect(await proof()).toBeUndefined();
  await learn(1, "UPDATE_AVAILABLE");
  await server.login(key, await DpopKey.generate());
  expect(await proof()).toMatchObject({ by: "metadata", model: "Example Security Key 5" });
  await learn(2, "REVOKED");
  await server.login(key, await DpopKey.generate());
  expect(await proof()).toBeUndefined();
});

describe("the ID token", () => {
  async function claimsOf(twist: Twist) {
    const [key, dpop] = [new TestSecurityKey(), await DpopKey.generate()];
    await server.enroll(key, twist);
    const { body } = await server.login(
      key,
      dpop,
      twist.backupEligible === undefined ? {} : { backupEligible: twist.backupEligible },
    );
    const { body: exchanged } = await server.exchange(body.access_token, dpop);
    const claims = decodeJwt(exchanged.access_token);
    const tags = (claims["https://aws.amazon.com/tags"] as { principal_tags: Record<string, string[]> }).principal_tags;
    return {
      amr: claims["amr"],
      aaguid: claims["aaguid"],
      attestation: claims["attestation"],
      tag: tags["vouch:aaguid"],
    };
  }

  test("of a proved key has its model, and that it is hardware", async () => {
    await start({ demand: "none" });
    expect(await claimsOf(await attested())).toEqual({
      amr: ["hwk", "pop", "user", "mfa"],
      aaguid,
      attestation: "root",
      tag: [aaguid],
    });
  });

  test("of a key that claims its model has none of it, but the tag says so", async () => {
    await start({ demand: "none" });
    expect(await claimsOf({})).toEqual({
      amr: ["pop", "user", "mfa"],
      aaguid: undefined,
      attestation: undefined,
      tag: ["unproved"],
    });
  });

  test("of a server that proves nothing has nothing of it", async () => {
    server = await startTestServer();
    expect(await claimsOf(await attested())).toEqual({
      amr: ["pop", "user", "mfa"],
      aaguid: undefined,
      attestation: undefined,
      tag: undefined,
    });
  });

  test("of a passkey that can be copied says of no hardware, whatever attests it", async () => {
    const rules = { ...noRules, roots: [readCertificate(root.certificate)] };
    server = await startTestServer({ attestation: { rules, source: undefined }, allowSyncedPasskeys: true });
    expect(await claimsOf({ ...(await attested()), backupEligible: true })).toMatchObject({
      amr: ["pop", "user", "mfa"],
      aaguid,
    });
  });
});

test("the list of keys says of each whether its model is proved", async () => {
  await start({ demand: "none" });
  const [key, dpop] = [new TestSecurityKey(), await DpopKey.generate()];
  await server.enroll(key, await attested());
  const { body } = await server.login(key, dpop);
  const { body: listed } = await server.inSession({ accessToken: body.access_token, dpop }, "GET", "/v1/credentials");
  expect(listed.credentials).toMatchObject([{ aaguid, proof: { by: "root", model: "Example Security Key" } }]);
});
