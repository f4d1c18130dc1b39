/** What administrators change over the API: by whom, by which touch, and what is recorded. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/announced/body.ts";
import { administer } from "../../../src/fido/webauthn/deed.ts";
import { type AdminChange, partsOf } from "../../../src/server/administration/change.ts";
import { sha256 } from "../../../src/server/random.ts";
import type { AuditEntry } from "../../../src/server/audit/entry.ts";
import { searchPage } from "../../../src/server/audit/search.ts";
import { login, newPerson, type Person } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { change, newHolder } from "./administrators.ts";

let server: TestServer;
let administrator: Person & { id: string };
let person: Person & { id: string };
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  for (const { id } of await server.store.roles.holders()) await server.store.roles.setRole(id, "member");
  administrator = await newHolder(server, "administrator");
  person = await newHolder(server, "member");
});

async function newest(limit = 1): Promise<AuditEntry[]> {
  const filter = { since: 0, until: server.now() + 1, who: undefined, event: undefined };
  return (await searchPage(server.store, filter, { position: undefined, limit })).entries;
}

const byAdministrator = () => ({
  by: administrator.email,
  address: "127.0.0.1",
  detail: expect.objectContaining({ administrator: administrator.id, approvedBy: administrator.key.id }),
});
const status = async (asked: AdminChange) => (await change(server, administrator, asked)).status;

const identity = () => ({ issuer: "https://login.example.com", subject: person.id });

const repository = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1", repository: "my-repo" };

describe("a change", () => {
  const about = (more: object) => ({ email: person.email, ...more }) as AdminChange;

  test.each<[string, () => AdminChange, object, string]>([
    ["invite", () => about({ type: "invite" }), { code: expect.any(String), expiresAt: expect.any(Number) }, "invite"],
    ["disable", () => about({ type: "disable", last: false }), { sessions: 1 }, "disable"],
    ["end-sessions", () => about({ type: "end-sessions" }), { sessions: 1 }, "revoke"],
    [
      "remove-key",
      () => about({ type: "remove-key", key: person.key.id, last: false }),
      { sessions: 1 },
      "key_removed",
    ],
    ["remove-keys", () => about({ type: "remove-keys", last: false }), { sessions: 1, keys: 1 }, "key_removed"],
    ["give-role", () => about({ type: "give-role", role: "auditor", last: false }), { changed: true }, "role_changed"],
    ["link-identity", () => about({ type: "link-identity", ...identity() }), { changed: true }, "identity_added"],
    ["link-scim", () => about({ type: "link-scim" }), { changed: true }, "scim_linked"],
  ])("%s is made, and recorded with who made it and by which key", async (_type, asked, outcome, event) => {
    expect(await change(server, administrator, asked())).toMatchObject({ status: 200, body: { outcome } });
    const [entry] = await newest();
    expect(entry).toMatchObject({ event, user: person.id, email: person.email, ...byAdministrator() });
  });

  test("an identity is one person's, and is taken from them alone", async () => {
    expect(await status(about({ type: "link-identity", ...identity() }))).toBe(200);
    expect((await change(server, administrator, about({ type: "link-identity", ...identity() }))).body.outcome).toEqual(
      {
        changed: false,
      },
    );
    const { email } = administrator;
    for (const type of ["link-identity", "unlink-identity"] as const) {
      expect(await change(server, administrator, { type, email, ...identity() })).toMatchObject({
        status: 400,
        body: { error: { code: "protocol_error" } },
      });
    }
    expect(await status(about({ type: "unlink-identity", ...identity() }))).toBe(200);
    expect(await server.store.identities.find(identity())).toBeUndefined();
    expect((await newest())[0]).toMatchObject({ event: "identity_removed", ...byAdministrator() });
  });

  test("a token of SCIM is made, used and removed, and kept as its hash alone", async () => {
    const token = `t-${person.id}`.slice(0, 32);
    const { body } = await change(server, administrator, { type: "add-scim-token", token });
    expect(body.outcome).toEqual({ token: expect.stringMatching(/^vouch-scim-[\w-]{43}$/) });
    expect((await newest())[0]).toMatchObject({ event: "scim_token_added", ...byAdministrator() });
    expect(await status({ type: "add-scim-token", token })).toBe(409);
    const use = async () =>
      (await server.send("/scim/v2/Users", { headers: { authorization: `Bearer ${body.outcome.token}` } })).status;
    expect(await use()).toBe(200);
    expect(JSON.stringify(await newest(10))).not.toContain(body.outcome.token);
    expect(await status({ type: "remove-scim-token", token })).toBe(200);
    expect(await use()).toBe(401);
    expect((await newest(2)).map(({ event }) => event)).toContain("scim_token_removed");
    expect(await status({ type: "remove-scim-token", token })).toBe(400);
  });

  test("a profile is set for a group, as a touch for its digest says, and removed", async () => {
    const body = { aws: { roleArn: "arn:aws:iam::123456789012:role/dev", region: "us-east-1" } };
    const profile = `profile ${person.id}`;
    const other = { aws: { ...body.aws, region: "eu-west-1" } };
    const set = { type: "set-profile", profile, body } as const;
    expect((await change(server, administrator, set, { ...set, body: other })).status).toBe(403);
    const { outcome } = (await change(server, administrator, set)).body;
    expect(outcome).toEqual({ changed: true, digest: digestOf(body) });
    expect((await newest())[0]).toMatchObject({ event: "profile_set", ...byAdministrator() });
    expect(await status({ ...set, group: "nothing" })).toBe(404);
    const wrong = { repositories: [{ ...repository, profile: "nothing" }] };
    const refused = await change(server, administrator, { ...set, body: wrong });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: "protocol_error" } } });
    const tool = { repositories: [{ ...repository, tools: ["nmp"] }] };
    expect(await status({ ...set, body: tool })).toBe(400);
    expect(await status({ type: "remove-profile", profile })).toBe(200);
    expect((await newest())[0]).toMatchObject({ event: "profile_removed", ...byAdministrator() });
    expect(await status({ type: "remove-profile", profile })).toBe(400);
  });

  test("a person is taken from SCIM, with the groups that it says they are in", async () => {
    const { id } = (await server.store.groups.create(`by-scim-${person.id}`, "scim", server.now()))!;
    await server.store.groups.join(id, person.id, "scim");
    await server.store.provisioned.setState(person.id, "managed");
    expect(await status(about({ type: "unlink-scim" }))).toBe(200);
    const events = await newest(2);
    expect(events.map(({ event }) => event).toSorted()).toEqual(["group_left", "scim_unlinked"]);
    for (const event of events) expect(event).toMatchObject(byAdministrator());
    expect((await change(server, administrator, about({ type: "unlink-scim" }))).body.outcome).toEqual({
      changed: false,
    });
  });

  test("an invitation's code enrols a key, and is kept as its hash alone", async () => {
    const { body } = await change(server, administrator, { type: "invite", email: "new@example.com" });
    const { code } = body.outcome;
    expect((await server.post("/v1/enroll/options", { code })).status).toBe(200);
    expect(await server.store.accounts.findInvite(sha256(code))).toMatchObject({ user: { email: "new@example.com" } });
    expect(JSON.stringify(await newest(10))).not.toContain(code);
  });

  test("who is disabled gets nothing, is not invited, and is enabled again", async () => {
    expect(await status({ type: "disable", email: person.email, last: false })).toBe(200);
    expect((await server.exchange(person.accessToken, person.dpop)).status).toBe(400);
    const invited = await change(server, administrator, { type: "invite", email: person.email });
    expect(invited).toMatchObject({ status: 409, body: { error: { code: "person_disabled" } } });
    const enabled = await change(server, administrator, { type: "enable", email: person.email });
    expect(enabled.body).toEqual({ outcome: { changed: true } });
    expect(await newest()).toMatchObject([{ event: "enable", user: person.id, ...byAdministrator() }]);
  });

  test("groups are made, filled, renamed, emptied and removed", async () => {
    const outcome = async (asked: AdminChange) => (await change(server, administrator, asked)).body.outcome;
    const group = `team-${administrator.id}`;
    const name = `${group}-2`;
    expect(await outcome({ type: "add-group", group })).toEqual({ id: expect.any(String) });
    expect(await status({ type: "add-group", group })).toBe(409);
    expect(await outcome({ type: "join-group", group, email: person.email })).toEqual({ changed: true });
    expect(await outcome({ type: "join-group", group, email: person.email })).toEqual({ changed: false });
    expect(await newest()).toMatchObject([
      { event: "group_joined", user: person.id, detail: { groups: [group], source: "local" }, by: administrator.email },
    ]);
    expect(await outcome({ type: "rename-group", group, name })).toEqual({});
    expect(await outcome({ type: "leave-group", group: name, email: person.email })).toEqual({
      changed: true,
      isMember: false,
    });
    expect(await outcome({ type: "remove-group", group: name })).toEqual({ members: 0 });
    expect((await newest(4)).map(({ event }) => event)).toEqual([
      "group_removed",
      "group_left",
      "group_renamed",
      "group_joined",
    ]);
  });

  test("a group of the identity provider keeps its name, and who it says is in it", async () => {
    const group = `scim-${administrator.id}`;
    const { id } = (await server.store.groups.create(group, "scim", server.now()))!;
    await server.store.groups.join(id, person.id, "scim");
    expect(await status({ type: "rename-group", group, name: `${group}-2` })).toBe(403);
    const left = await change(server, administrator, { type: "leave-group", group, email: person.email });
    expect(left.body.outcome).toEqual({ changed: false, isMember: true });
  });

  test.each<[string, AdminChange, number, string]>([
    ["nobody", { type: "disable", email: "nobody@example.com", last: false }, 404, "person_not_found"],
    ["no group", { type: "remove-group", group: "nothing" }, 404, "group_not_found"],
  ])("about %s is refused before a key is touched", async (_what, asked, code, error) => {
    const answer = await server.inSession(administrator, "POST", "/v1/admin/changes/options", { change: asked });
    expect(answer).toMatchObject({ status: code, body: { error: { code: error } } });
  });

  test("about another's key as this person's is refused", async () => {
    const asked = { type: "remove-key", email: person.email, key: administrator.key.id, last: true } as const;
    expect(await change(server, administrator, asked)).toMatchObject({ status: 404 });
  });

  test.each([
    ["an address in capitals", { type: "enable", email: "Dev@example.com" }],
    ["a name with a line end", { type: "add-group", group: "a\nb" }],
    ["another member", { type: "enable", email: "dev@example.com", force: true }],
    ["another type", { type: "promote", email: "dev@example.com" }],
    ["an issuer without https", { type: "link-identity", email: "dev@example.com", issuer: "ldap://x", subject: "s" }],
    ["a token with a blank", { type: "add-scim-token", token: "a b" }],
    ["a profile with a URL", { type: "set-profile", profile: "p", body: { url: "https://evil.example" } }],
    ["a role that there is not", { type: "give-role", email: "dev@example.com", role: "owner" }],
  ])("with %s is not as expected", async (_what, asked) => {
    const answer = await server.inSession(administrator, "POST", "/v1/admin/changes/options", { change: asked });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "protocol_error" } } });
  });
});

describe("the last administrator", () => {
  const less = (): AdminChange[] => {
    const { email, key } = administrator;
    return [
      { type: "disable", email, last: false },
      { type: "give-role", email, role: "auditor", last: false },
      { type: "remove-keys", email, last: false },
      { type: "remove-key", email, key: key.id, last: false },
    ];
  };

  test("is neither disabled nor made less, and keeps a key, unless that is said", async () => {
    for (const asked of less()) {
      const answer = await change(server, administrator, asked);
      expect(answer).toMatchObject({ status: 409, body: { error: { code: "last_administrator" } } });
    }
    const email = administrator.email;
    expect(await status({ type: "give-role", email, role: "member", last: true })).toBe(200);
    expect(await server.store.roles.holders()).toEqual([]);
  });

  test.each<[string, (id: string) => Promise<unknown>]>([
    ["never had a key", async (id) => server.store.credentials.removeAll(id)],
    [
      "has but an open code",
      async (id) => {
        await server.store.credentials.removeAll(id);
        await server.invite((await server.store.roles.holders()).find((each) => each.id === id)!.email);
      },
    ],
  ])("is not made another by one who %s", async (_what, meanwhile) => {
    const other = await newHolder(server, "administrator");
    await meanwhile(other.id);
    for (const asked of less()) {
      const answer = await change(server, administrator, asked);
      expect(answer).toMatchObject({ status: 409, body: { error: { code: "last_administrator" } } });
    }
    expect(await status({ type: "give-role", email: other.email, role: "member", last: false })).toBe(200);
  });

  test.each([0, 1, 2, 3])("may be one of two (%p)", async (index) => {
    const other = await newHolder(server, "administrator");
    await server.store.accounts.setDisabled(other.id, server.now());
    expect((await change(server, administrator, less()[index]!)).status).toBe(409);
    await server.store.accounts.setDisabled(other.id, undefined);
    expect((await change(server, administrator, less()[index]!)).status).toBe(200);
  });
});

describe("a change is refused", () => {
  const asked = (): AdminChange => ({ type: "disable", email: person.email, last: false });
  const finish = (who: Person, json: object) => server.inSession(who, "POST", "/v1/admin/changes", json);
  async function begin(wanted = asked()) {
    const { body } = await server.inSession(administrator, "POST", "/v1/admin/changes/options", { change: wanted });
    const touch = (key = administrator.key, given = wanted) =>
      key.authenticate(body.approval, origin, {}, administer(partsOf(given)));
    return { ceremony: body.ceremony as string, touch };
  }
  const stays = async () =>
    expect(await server.store.accounts.findUser(person.email)).toMatchObject({ disabled: false });

  test.each(["member", "auditor"] as const)("to a person who is but a %s", async (role) => {
    const other = await newHolder(server, role);
    expect(await change(server, other, asked())).toMatchObject({
      status: 403,
      body: { error: { code: "access_denied" } },
    });
    const { ceremony, touch } = await begin();
    const answer = await finish(other, { ceremony, approval: touch(other.key), change: asked() });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "access_denied" } } });
    await stays();
  });

  test("to who lost the role while they touched the key", async () => {
    const { ceremony, touch } = await begin();
    const approval = touch();
    await server.store.roles.setRole(administrator.id, "auditor");
    expect((await finish(administrator, { ceremony, approval, change: asked() })).status).toBe(403);
    await stays();
  });

  test.each<[string, () => AdminChange]>([
    ["another person", () => ({ type: "disable", email: "other@example.com", last: false })],
    ["another change of the person", () => ({ type: "enable", email: person.email })],
    ["the same one with less said", () => ({ type: "disable", email: person.email, last: true })],
  ])("with a touch for %s", async (_what, other) => {
    expect(await change(server, administrator, asked(), other())).toMatchObject({
      status: 403,
      body: { error: { code: "login_denied" } },
    });
    await stays();
  });

  test("when it was begun as another one", async () => {
    const { ceremony, touch } = await begin({ type: "enable", email: person.email });
    const approval = touch(administrator.key, asked());
    expect((await finish(administrator, { ceremony, approval, change: asked() })).status).toBe(403);
    await stays();
  });

  test("without a touch, with one of another's key, with that of a login, and late", async () => {
    const first = await begin();
    expect((await finish(administrator, { ceremony: first.ceremony, change: asked() })).status).toBe(400);
    const stranger = await newPerson(server);
    const approval = first.touch(stranger.key);
    expect((await finish(administrator, { ceremony: first.ceremony, approval, change: asked() })).status).toBe(403);
    const { options } = await server.loginOptions();
    const second = await begin();
    const loggedIn = administrator.key.authenticate(options, origin, {});
    const answer = await finish(administrator, { ceremony: second.ceremony, approval: loggedIn, change: asked() });
    expect(answer.status).toBe(403);
    const third = await begin();
    const late = third.touch();
    server.advance(300);
    expect((await finish(administrator, { ceremony: third.ceremony, approval: late, change: asked() })).status).toBe(
      403,
    );
    await stays();
  });

  test("in another session of the administrator, and a second time", async () => {
    const other = { ...administrator, ...(await login(server, administrator.key)) };
    const { ceremony, touch } = await begin();
    expect((await finish(other, { ceremony, approval: touch(), change: asked() })).status).toBe(403);
    await stays();
    const again = await begin();
    const approval = again.touch();
    expect((await finish(administrator, { ceremony: again.ceremony, approval, change: asked() })).status).toBe(200);
    await server.store.accounts.setDisabled(person.id, undefined);
    expect((await finish(administrator, { ceremony: again.ceremony, approval, change: asked() })).status).toBe(403);
    await stays();
  });

  test("of an ended session, whoever it is of", async () => {
    const { ceremony, touch } = await begin();
    await server.store.sessions.revokeAll(administrator.id, server.now());
    expect((await finish(administrator, { ceremony, approval: touch(), change: asked() })).status).toBe(401);
    await stays();
  });
});
