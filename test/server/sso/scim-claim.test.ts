/** The first sign-on of a person whom SCIM made: by the claim that is their externalId, and by nothing else. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Secret } from "../../../src/base/secret.ts";
import { entries } from "../../../src/server/audit/search.ts";
import { endOfTime } from "../../../src/server/store/audit.ts";
import { ssoSettings } from "../../../src/server/sso/settings.ts";
import { scimClient, type ScimTestClient } from "../scim/scim-client.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { Browser, shownCode } from "./browser.ts";
import { clientId, clientSecret, StrangeProvider } from "./strange-provider.ts";

const email = "dev@example.com";

let provider: StrangeProvider;
let server: TestServer;
let scim: ScimTestClient;
beforeEach(() => {
  provider = new StrangeProvider();
});
afterEach(async () => {
  await server.stop();
  await provider.stop();
});

async function start(scimClaim: string | undefined): Promise<void> {
  const configured = ssoSettings({ "sso-issuer": provider.url, "sso-client-id": clientId })!;
  server = await startTestServer({
    singleSignOn: { ...configured, clientSecret: new Secret(clientSecret), scimClaim },
  });
  provider.now = () => server.now();
  scim = await scimClient(server);
}

const givenKey = async () => {
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  const key = new TestSecurityKey();
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin) });
  return key;
};
const hadKey = async (id: string) => void (await server.store.credentials.remove(id, (await givenKey()).id, true));
const withRole = (role: "auditor" | "administrator") => async (id: string) =>
  void (await server.store.roles.setRole(id, role));
const otherAccount = async (id: string) =>
  void (await server.store.identities.add({ issuer: provider.url, subject: "own" }, id, server.now()));

test.each<[string, (id: string) => Promise<void>]>([
  ["has a security key", async () => void (await givenKey())],
  ["had a security key", hadKey],
  ["is an auditor", withRole("auditor")],
  ["is an administrator", withRole("administrator")],
  ["has an account of the provider", otherAccount],
])("nobody becomes a person who %s by an externalId that SCIM has changed", async (_, become) => {
  await start("oid");
  const { id } = await scim.user(email, { externalId: "object-1" });
  await become(id);
  const accounts = await server.store.identities.ofUser(id);
  await scim.patch(`/Users/${id}`, { op: "replace", path: "externalId", value: "object-2" });
  const stranger = { sub: "stranger", oid: "object-2", email: "stranger@example.com", email_verified: true };
  for (const purpose of ["pages", "enroll"] as const) {
    provider.does = { claims: stranger };
    const browser = new Browser(server);
    const page = await browser.signOn(provider, purpose);
    expect([page.status, shownCode(page)]).toEqual([403, undefined]);
    expect(page.text).toContain(`vouch server users link ${email} --subject=stranger`);
  }
  expect(await server.store.identities.ofUser(id)).toEqual(accounts);
  expect(await server.store.accounts.findUser(stranger.email)).toBeUndefined();
  const filter = { since: 0, until: endOfTime, who: email, event: undefined };
  const log = await Array.fromAsync(entries(server.store, filter));
  expect(log.filter(({ event }) => event === "refuse")).toHaveLength(2);
  expect(log.find(({ event }) => event === "person_changed")?.detail).toEqual({
    changed: ["externalId"],
    from: ["object-1"],
    to: ["object-2"],
  });
});

/** The status of a sign-on with these claims, from a browser of its own, and whether it gave a code. */
async function signOn(claims: Record<string, unknown>): Promise<[number, boolean]> {
  provider.does = { claims };
  const page = await new Browser(server).signOn(provider);
  return [page.status, shownCode(page) !== undefined];
}

test.each([
  ["oid", { sub: "s", oid: "object-1" }],
  ["sub", { sub: "object-1" }],
])("finds them by %s, whatever their address, and from there on by the subject alone", async (claim, claims) => {
  await start(claim);
  const { id } = await scim.user(email, { externalId: "object-1" });
  expect(await signOn({ ...claims, email: "other@example.com", email_verified: false })).toEqual([200, true]);
  expect(await server.store.identities.find({ issuer: provider.url, subject: claims.sub })).toMatchObject({
    id,
    email,
  });
  await scim.patch(`/Users/${id}`, { op: "remove", path: "externalId" });
  expect(await signOn({ ...claims, oid: undefined })).toEqual([200, true]);
});

test.each<[string, string | undefined, Record<string, unknown>]>([
  ["without the setting", undefined, { oid: "object-1" }],
  ["with another value", "oid", { oid: "object-2" }],
  ["with another case of its letters", "oid", { oid: "OBJECT-1" }],
  ["without the claim", "oid", {}],
  ["with a claim that is no text", "oid", { oid: ["object-1"] }],
])("is refused %s, with what an administrator does", async (_, claim, claims) => {
  await start(claim);
  const { id } = await scim.user(email, { externalId: "object-1" });
  expect(await signOn(claims)).toEqual([403, false]);
  expect(await server.store.identities.ofUser(id)).toEqual([]);
});

test("finds nobody whose UserInfo alone says so", async () => {
  await start("oid");
  await scim.user(email, { externalId: "object-1" });
  provider.does = { userInfo: { sub: "sub-1", oid: "object-1", email, email_verified: true } };
  expect((await new Browser(server).signOn(provider)).status).toBe(403);
});

test("finds nobody where two have that externalId, and nobody who has another account of the provider", async () => {
  await start("oid");
  const { id } = await scim.user(email, { externalId: "object-1" });
  const second = await scim.user("second@example.com", { externalId: "object-1" });
  expect(await signOn({ sub: "a", oid: "object-1" })).toEqual([403, false]);
  await scim.send("DELETE", `/Users/${second.id}`);
  expect(await signOn({ sub: "a", oid: "object-1" })).toEqual([200, true]);
  expect(await signOn({ sub: "b", oid: "object-1" })).toEqual([403, false]);
  expect((await server.store.identities.ofUser(id)).map(({ subject }) => subject)).toEqual(["a"]);
});

test("finds nobody whom SCIM has disabled or deleted", async () => {
  await start("oid");
  const { id } = await scim.user(email, { externalId: "object-1", active: false });
  expect(await signOn({ oid: "object-1" })).toEqual([403, false]);
  await scim.patch(`/Users/${id}`, { op: "replace", value: { active: true } });
  await scim.send("DELETE", `/Users/${id}`);
  expect(await signOn({ oid: "object-1" })).toEqual([403, false]);
  expect(await server.store.identities.ofUser(id)).toEqual([]);
});
