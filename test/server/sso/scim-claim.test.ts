/** The first sign-on of a person whom SCIM made: by the claim that is their externalId, and by nothing else. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Secret } from "../../../src/base/secret.ts";
import { ssoSettings } from "../../../src/server/sso/settings.ts";
import { scimClient, type ScimTestClient } from "../scim/scim-client.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
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
