/**
 * Administrators with keys of phones and computers: what such a key approves, and who counts as the last administrator where
 * keys or the identity provider let somebody in no more.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { administer } from "../../../src/fido/webauthn/deed.ts";
import { type AdminChange, partsOf } from "../../../src/server/administration/change.ts";
import { type Holder, newHolder as newPageHolder, Visitor } from "../pages/visitor.ts";
import { add, approveRemove, login, type Person } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { change, newHolder } from "./administrators.ts";

const limits = { enroll: 1e6, login: 1e6, token: 1e6 };
const approvesNothing = "approve no administrator's change at this server.";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ browserLogin: { publish: false }, rateLimits: limits });
});
afterAll(() => server.stop());
beforeEach(async () => {
  for (const { id } of await server.store.roles.holders()) await server.store.roles.setRole(id, "member");
});

/** The key counts as part of a phone or computer from now on. */
async function mark(at: TestServer, { id }: TestSecurityKey): Promise<void> {
  const { credential, user } = (await at.store.credentials.find(id))!;
  await at.store.credentials.remove(user.id, id, true);
  await at.store.credentials.add({ ...credential, builtIn: true });
}

/** Gives the person a further key, which counts as part of a phone or computer. */
async function addMarked(at: TestServer, { email, key }: Pick<Person, "email" | "key">): Promise<TestSecurityKey> {
  const phone = new TestSecurityKey();
  const session = { email, key, ...(await login(at, key)) };
  expect((await add(at, session, phone, { name: "phone" })).status).toBe(200);
  await mark(at, phone);
  return phone;
}

async function refusals(at: TestServer): Promise<unknown[]> {
  const newest = await at.store.audit.pageBefore({ time: 1e12, chain: "", number: 0 }, 0, 20);
  return newest.filter(({ event }) => event === "refuse").map(({ credential, reason }) => [credential, reason]);
}

describe("where keys of phones and computers publish nothing", () => {
  const invite: AdminChange = { type: "invite", email: "accomplice@example.com" };

  test("none approves an administrator's change over the API", async () => {
    const administrator = await newHolder(server, "administrator");
    const phone = await addMarked(server, administrator);
    const begun = await server.inSession(administrator, "POST", "/v1/admin/changes/options", { change: invite });
    const { ceremony, approval: request } = begun.body;
    expect(request.allowCredentials.map(({ id }: { id: string }) => id)).toEqual([administrator.key.id]);
    const approval = phone.authenticate(request, origin, {}, administer(partsOf(invite)));
    const asked = { ceremony, approval, change: invite };
    const answer = await server.inSession(administrator, "POST", "/v1/admin/changes", asked);
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "login_denied" } } });
    expect(answer.body.error).toMatchObject({
      message: expect.stringContaining(approvesNothing),
      hint: expect.stringContaining("Touch a security key"),
    });
    expect(await server.store.accounts.findUser(invite.email)).toBeUndefined();
    expect(await refusals(server)).toContainEqual([phone.id, expect.stringContaining(approvesNothing)]);
  });

  test("whoever has no other is told so before the touch, and a session of a phone takes the touch of another", async () => {
    const administrator = await newHolder(server, "administrator");
    const phone = await addMarked(server, administrator);
    const session: Person = { ...administrator, ...(await login(server, phone)) };
    expect((await change(server, session, invite)).status).toBe(200);
    await mark(server, administrator.key);
    const again: Person = { ...administrator, ...(await login(server, phone)) };
    const refused = await server.inSession(again, "POST", "/v1/admin/changes/options", { change: invite });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "login_denied" } } });
    expect(await refusals(server)).toContainEqual([phone.id, expect.stringContaining(approvesNothing)]);
  });

  test("none approves one at the pages, where it changes its person's own keys", async () => {
    const holder: Holder = await newPageHolder(server, "administrator");
    const phone = await addMarked(server, holder);
    const visitor = new Visitor(server);
    await visitor.signIn(phone);
    const path = "/admin/changes/invite";
    const refused = await visitor.touched(phone, path, { email: "other@example.com" });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("Touch a security key");
    expect(await server.store.accounts.findUser("other@example.com")).toBeUndefined();
    expect(await refusals(server)).toContainEqual([phone.id, expect.stringContaining(approvesNothing)]);
    const renaming = { id: phone.id, shown: "phone", name: "my phone" };
    expect((await visitor.touched(phone, "/keys/rename", renaming)).status).toBe(303);
    expect((await visitor.touched(holder.key, path, { email: "other@example.com" })).status).toBe(200);
    await mark(server, holder.key);
    await visitor.signIn(phone);
    const form = { form_token: await visitor.formToken(), action: path, email: "third@example.com" };
    expect((await visitor.post("/touch", form)).status).toBe(403);
  });
});

test("where they publish, they approve administrators' changes", async () => {
  const publishing = await startTestServer({ browserLogin: { publish: true }, rateLimits: limits });
  try {
    const administrator = await newHolder(publishing, "administrator");
    await mark(publishing, administrator.key);
    const session: Person = { ...administrator, ...(await login(publishing, administrator.key)) };
    const asked: AdminChange = { type: "invite", email: "dev@example.com" };
    expect((await change(publishing, session, asked)).status).toBe(200);
  } finally {
    await publishing.stop();
  }
});

describe("the last administrator", () => {
  const last = { status: 409, body: { error: { code: "last_administrator" } } };

  test.each<Parameters<typeof startTestServer>[0]>([{}, { browserLogin: { publish: false } }])(
    "is who has a security key, not who has but a phone's (%j)",
    async (options) => {
      const at = await startTestServer({ ...options, rateLimits: limits });
      try {
        const administrator = await newHolder(at, "administrator");
        const other = await newHolder(at, "administrator");
        await mark(at, other.key);
        const { email } = administrator;
        const asked: AdminChange = { type: "give-role", email, role: "member", last: false };
        expect(await change(at, administrator, asked)).toMatchObject(last);
        await addMarked(at, administrator);
        const removal: AdminChange = { type: "remove-key", email, key: administrator.key.id, last: false };
        expect(await change(at, administrator, removal)).toMatchObject(last);
      } finally {
        await at.stop();
      }
    },
  );

  test("keeps their own last key over the API, also with force, and what else would lock them out", async () => {
    const administrator = await newHolder(server, "administrator");
    const { id } = administrator.key;
    const removal = { id, force: true };
    const refused = await server.inSession(administrator, "POST", "/v1/credentials/removal/options", removal);
    expect(refused).toMatchObject(last);
    await addMarked(server, administrator);
    const kept = { id, force: false };
    expect(await server.inSession(administrator, "POST", "/v1/credentials/removal/options", kept)).toMatchObject(last);
    await newHolder(server, "administrator");
    expect((await server.inSession(administrator, "POST", "/v1/credentials/removal/options", removal)).status).toBe(
      200,
    );
  });

  test("keeps it if the other one is gone by the touch", async () => {
    const administrator = await newHolder(server, "administrator");
    const other = await newHolder(server, "administrator");
    const { id } = administrator.key;
    const { name } = (await server.store.credentials.find(id))!.credential;
    const removal = { id, force: true };
    const begun = await server.inSession(administrator, "POST", "/v1/credentials/removal/options", removal);
    const { ceremony, approval: request } = begun.body;
    await server.store.roles.setRole(other.id, "member");
    const approval = administrator.key.authenticate(request, origin, {}, approveRemove(id, name, true));
    const answer = await server.inSession(administrator, "POST", "/v1/credentials/removal", {
      ...removal,
      ceremony,
      approval,
    });
    expect(answer).toMatchObject(last);
    expect(await server.store.credentials.find(id)).toBeDefined();
  });

  test("keeps at their page the key without which a phone alone is left", async () => {
    const holder = await newPageHolder(server, "administrator");
    const phone = await addMarked(server, holder);
    const { name } = (await server.store.credentials.find(holder.key.id))!.credential;
    const form = { id: holder.key.id, shown: name };
    expect((await holder.visitor.touched(phone, "/keys/remove", form)).status).toBe(409);
    await newHolder(server, "administrator");
    expect((await holder.visitor.touched(phone, "/keys/remove", form)).status).toBe(303);
  });
});
