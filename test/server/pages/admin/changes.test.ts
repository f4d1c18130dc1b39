/** What administrators change at the pages, each by a touch for exactly it, and that nobody else does. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { changeTypes } from "../../../../src/server/administration/change.ts";
import { parseProfile } from "../../../../src/server/announced/file.ts";
import { sha256 } from "../../../../src/server/random.ts";
import type { TestSecurityKey, Twist } from "../../webauthn/security-key.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";
import { bySingleSignOn, enrolled, type Holder, newHolder, type Visitor } from "../visitor.ts";

type Fields = Record<string, string>;
type Json = ReturnType<typeof JSON.parse>;

let server: TestServer;
let administrator: Holder;
let target: { email: string; id: string; key: TestSecurityKey };
let group: string;
let count = 0;
const issuer = "https://login.example.com";

/** The text of a profile that announces a role of this name, with lines that a browser ends with CRLF. */
const announced = (role: string) =>
  `[aws]\r\nroleArn = "arn:aws:iam::123456789012:role/${role}"\r\nregion = "us-east-1"\r\n`;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  administrator = await newHolder(server, "administrator");
});
afterAll(() => server.stop());
beforeEach(async () => {
  const email = `target-${++count}@example.com`;
  const key = await enrolled(server, email);
  target = { email, key, id: (await server.store.accounts.findUser(email))!.id };
  group = `team ${count}`;
  const { id } = (await server.store.groups.create(group, "local", server.now()))!;
  await server.store.groups.join(id, target.id, "local");
  await server.store.identities.add({ issuer, subject: `subject-${count}` }, target.id, server.now());
  const body = JSON.stringify(parseProfile(announced("first"), "first"));
  await server.store.laptopProfiles.set(`profile ${count}`, undefined, body, server.now());
  await server.store.scimTokens.add(`token-${count}`, sha256(`token-${count}`), server.now());
});

const path = (type: string) => `/admin/changes/${type}`;

/** Fields of each form that make it possible. */
function fieldsOf(type: (typeof changeTypes)[number]): Fields {
  const { email } = target;
  const fields: Record<typeof type, Fields> = {
    invite: { email },
    disable: { email },
    enable: { email },
    "end-sessions": { email },
    "remove-key": { email, key: target.key.id },
    "remove-keys": { email },
    "give-role": { email, role: "auditor" },
    "add-group": { group: `${group} more` },
    "rename-group": { group, name: `${group} new` },
    "remove-group": { group },
    "join-group": { group, email: administrator.email },
    "leave-group": { group, email },
    "link-identity": { email, issuer, subject: `new-${count}` },
    "unlink-identity": { email, issuer, subject: `subject-${count}` },
    "link-scim": { email },
    "unlink-scim": { email },
    "add-scim-token": { token: `new-${count}` },
    "remove-scim-token": { token: `token-${count}` },
    "set-profile": { profile: `profile ${count}`, group, text: announced("other") },
    "remove-profile": { profile: `profile ${count}` },
  };
  return fields[type];
}

/** All that a change could have changed. */
async function state(): Promise<unknown> {
  const { accounts, credentials, groups, identities, laptopProfiles, roles, scimTokens } = server.store;
  return {
    profiles: await laptopProfiles.all(),
    identities: await identities.ofUser(target.id),
    tokens: (await scimTokens.list()).map(({ name }) => name),
    summary: await accounts.summary(target.email, server.now()),
    keys: (await credentials.ofUser(target.id)).map(({ id }) => id),
    groups: await groups.page(),
    members: await groups.ofUser(target.id),
    mine: await groups.ofUser(administrator.id),
    role: await roles.roleOf(target.id),
  };
}

const answered = (key: TestSecurityKey, { options }: Json) =>
  JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge }));

/** Begins a touch for the form; the answer of the server. */
async function begin(who: Visitor, type: string, fields: Fields): Promise<Json> {
  const form = { form_token: await who.formToken(), ...fields, action: path(type) };
  return await (await who.post("/touch", form)).json();
}

describe("an administrator, with a touch,", () => {
  test.each<[(typeof changeTypes)[number], string, string]>([
    ["disable", "/admin/person?email=%E", "disable"],
    ["end-sessions", "/admin/person?email=%E", "revoke"],
    ["remove-key", "/admin/person?email=%E", "key_removed"],
    ["remove-keys", "/admin/person?email=%E", "key_removed"],
    ["give-role", "/admin/person?email=%E", "role_changed"],
    ["add-group", "/admin/group?name=%G+more", "group_added"],
    ["rename-group", "/admin/group?name=%G+new", "group_renamed"],
    ["remove-group", "/admin/groups", "group_removed"],
    ["leave-group", "/admin/person?email=%E", "group_left"],
    ["link-identity", "/admin/person?email=%E", "identity_added"],
    ["unlink-identity", "/admin/person?email=%E", "identity_removed"],
    ["link-scim", "/admin/person?email=%E", "scim_linked"],
    ["remove-scim-token", "/admin/scim", "scim_token_removed"],
    ["set-profile", "/admin/profile?name=%P", "profile_set"],
    ["remove-profile", "/admin/profiles", "profile_removed"],
  ])("can %s, which is recorded with who did it, and leads to %s", async (type, where, event) => {
    const before = await state();
    const answer = await administrator.visitor.touched(administrator.key, path(type), fieldsOf(type));
    const page = where
      .replace("%E", target.email.replace("@", "%40"))
      .replace("%G", group.replaceAll(" ", "+"))
      .replace("%P", `profile+${count}`);
    expect([answer.headers.get("location"), administrator.visitor.notice]).toEqual([page, type]);
    if (type !== "end-sessions") expect(await state()).not.toEqual(before);
    const followed = await (await administrator.visitor.get(answer.headers.get("location")!)).text();
    expect(followed).toContain('class="notice success"');
    const entry = (await server.store.audit.pageBefore({ time: 1e12, chain: "", number: 0 }, 0, 20)).find(
      (each) => each.event === event,
    );
    expect(entry).toMatchObject({
      by: administrator.email,
      detail: { administrator: administrator.id, approvedBy: administrator.key.id },
    });
  });

  test("lets a person in again, once", async () => {
    await server.store.accounts.setDisabled(target.id, server.now());
    const enabling = async () =>
      administrator.visitor.touched(administrator.key, path("enable"), { email: target.email });
    for (const notice of ["enable", "nothing-changed"]) {
      expect((await enabling()).status).toBe(303);
      expect(administrator.visitor.notice).toBe(notice);
    }
  });

  test("announces what was sent, to the group or to everybody, by a touch that was given for it", async () => {
    const set = async (fields: Fields) =>
      administrator.visitor.touched(administrator.key, path("set-profile"), { profile: `profile ${count}`, ...fields });
    const find = async () => await server.store.laptopProfiles.find(`profile ${count}`);
    // The script asks for the touch with the lines as it reads them.
    const form = { form_token: await administrator.visitor.formToken(), profile: `profile ${count}`, group };
    const asked = { ...form, text: announced("crlf").replaceAll("\r\n", "\n"), action: path("set-profile") };
    const begun = await (await administrator.visitor.post("/touch", asked)).json();
    const sent = { ...form, text: announced("crlf"), ceremony: (begun as Json).ceremony };
    const approval = answered(administrator.key, begun);
    expect((await administrator.visitor.post(path("set-profile"), { ...sent, approval })).status).toBe(303);
    expect(await find()).toMatchObject({ group, body: expect.stringContaining("role/crlf") });
    const person = await (await administrator.visitor.get(`/admin/person?email=${target.email}`)).text();
    expect(person).toContain("arn:aws:iam::123456789012:role/crlf");
    const json = JSON.stringify({ aws: { roleArn: "arn:aws:iam::123456789012:role/json", region: "us-east-1" } });
    expect((await set({ text: ` ${json}`, group: "" })).status).toBe(303);
    expect(await find()).toMatchObject({ group: undefined, body: json });
    expect((await set({ text: json })).status).toBe(303);
    expect(administrator.visitor.notice).toBe("nothing-changed");
    const page = await (await administrator.visitor.get(`/admin/profile?name=profile+${count}`)).text();
    expect(page).toContain("arn:aws:iam::123456789012:role/json");
    expect(await (await administrator.visitor.get("/admin/profiles")).text()).toContain(`>profile ${count}</a>`);
  });

  test("takes a person from SCIM, once", async () => {
    await server.store.provisioned.setState(target.id, "managed");
    const unlinking = async () =>
      administrator.visitor.touched(administrator.key, path("unlink-scim"), { email: target.email });
    expect((await unlinking()).status).toBe(303);
    expect(administrator.visitor.notice).toBe("unlink-scim");
    expect(await server.store.provisioned.stateOf(target.id)).toMatchObject({ state: undefined });
    expect((await unlinking()).status).toBe(303);
    expect(administrator.visitor.notice).toBe("nothing-changed");
  });

  test("gets a token of SCIM, which the page shows this once, and which provisions", async () => {
    const name = `idp-${count}`;
    const answer = await administrator.visitor.touched(administrator.key, path("add-scim-token"), { token: name });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const token = /<code>(vouch-scim-[\w-]{43})<\/code>/.exec(await answer.text())?.[1] ?? "";
    const headers = { authorization: `Bearer ${token}` };
    expect((await server.send("/scim/v2/Users", { headers })).status).toBe(200);
    const page = await (await administrator.visitor.get("/admin/scim")).text();
    expect([page.includes(name), page.includes(token)]).toEqual([true, false]);
    expect(JSON.stringify(server.logs)).not.toContain(token);
    const again = await administrator.visitor.touched(administrator.key, path("add-scim-token"), { token: name });
    expect(again.status).toBe(409);
  });

  test("gives no account of the identity provider to a second person, nor takes one from a wrong one", async () => {
    const taken = { email: administrator.email, issuer, subject: `subject-${count}` };
    for (const type of ["link-identity", "unlink-identity"]) {
      const answer = await administrator.visitor.touched(administrator.key, path(type), taken);
      expect([type, answer.status]).toEqual([type, 400]);
    }
    expect(await server.store.identities.find(taken)).toMatchObject({ email: target.email });
  });

  test("adds a person to a group from either page", async () => {
    const fields = { group, email: administrator.email.toUpperCase(), at: "group" };
    const answer = await administrator.visitor.touched(administrator.key, path("join-group"), fields);
    expect(answer.headers.get("location")).toBe(`/admin/group?name=${group.replaceAll(" ", "+")}`);
    expect((await server.store.groups.ofUser(administrator.id)).map((each) => each.group.name)).toContain(group);
  });

  test("gets an enrolment code, which the page shows this once, and which enrols", async () => {
    const fields = { email: `New.Person-${count}@Example.com` };
    const answer = await administrator.visitor.touched(administrator.key, path("invite"), fields);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const page = await answer.text();
    const code = /<code>([A-Z0-9-]{10,})<\/code>/.exec(page)?.[1] ?? "";
    expect((await server.enrollOptions(code)).options.user.name).toBe(fields.email.toLowerCase());
    const invites = await (await administrator.visitor.get("/admin/invites")).text();
    expect(invites.replaceAll("<wbr>", "")).toContain(fields.email.toLowerCase());
    expect(invites).not.toContain(code);
    expect(JSON.stringify(server.logs)).not.toContain(code);
  });
});

describe.each(changeTypes.map((type) => [type] as const))("the form %s", (type) => {
  test("is refused to a member and an auditor: before a touch, and with one", async () => {
    const before = await state();
    for (const role of ["member", "auditor"] as const) {
      const who = await newHolder(server, role);
      const early = { form_token: await who.visitor.formToken(), ...fieldsOf(type), action: path(type) };
      expect((await who.visitor.post("/touch", early)).status).toBe(403);
      // The touch was begun while they had the role.
      await server.store.roles.setRole(who.id, "administrator");
      const begun = await begin(who.visitor, type, fieldsOf(type));
      await server.store.roles.setRole(who.id, role);
      const form = { form_token: await who.visitor.formToken(), ...fieldsOf(type), ceremony: begun.ceremony };
      const answer = await who.visitor.post(path(type), { ...form, approval: answered(who.key, begun) });
      expect([role, answer.status]).toEqual([role, 403]);
    }
    expect(await state()).toEqual(before);
  });

  test("is refused to a session of single sign-on, whatever key is touched", async () => {
    const before = await state();
    const who = await newHolder(server, "administrator");
    const sso = await bySingleSignOn(server, who.email);
    expect((await sso.touched(who.key, path(type), fieldsOf(type))).status).toBe(403);
    expect(await state()).toEqual(before);
    expect(await (await sso.get(`/admin/person?email=${target.email}`)).text()).not.toContain("/admin/changes/");
  });

  test("is refused without a touch, and with one for another form, value, person or session", async () => {
    const before = await state();
    const { visitor, key } = administrator;
    const form_token = await visitor.formToken();
    const fields = fieldsOf(type);
    expect((await visitor.post(path(type), { form_token, ...fields })).status).toBe(403);
    const other = await newHolder(server, "administrator");
    const spent: [string, () => Promise<Response>][] = [];
    const spend = (name: string, send: (begun: Json) => Promise<Response>) =>
      spent.push([name, async () => send(await begin(visitor, type, fields))]);
    const elsewhere = changeTypes.find((each) => each !== type)!;
    spend("another form", ({ ceremony, ...begun }) =>
      visitor.post(path(elsewhere), { form_token, ...fields, ceremony, approval: answered(key, begun) }),
    );
    for (const [name, value] of [...Object.entries(fields), ["last", ""], ["at", ""]] as const) {
      const changed: Fields = {
        email: other.email,
        group: `${group} x`,
        role: "administrator",
        name: "x",
        text: announced("x"),
      };
      spend(`another ${name}`, ({ ceremony, ...begun }) =>
        visitor.post(path(type), {
          form_token,
          ...fields,
          [name]: changed[name] ?? `${value}yes`,
          ceremony,
          approval: answered(key, begun),
        }),
      );
    }
    spend("another session", async ({ ceremony, ...begun }) =>
      other.visitor.post(path(type), {
        form_token: await other.visitor.formToken(),
        ...fields,
        ceremony,
        approval: answered(key, begun),
      }),
    );
    spend("another person's key", ({ ceremony, ...begun }) =>
      visitor.post(path(type), { form_token, ...fields, ceremony, approval: answered(other.key, begun) }),
    );
    for (const [name, send] of spent) {
      const { status } = await send();
      expect([type, name, [400, 403, 404].includes(status)]).toEqual([type, name, true]);
    }
    expect(await state()).toEqual(before);
  });
});

test("a touch is spent once, and by a session that is still there", async () => {
  const { visitor, key, id } = await newHolder(server, "administrator");
  const form_token = await visitor.formToken();
  const fields = fieldsOf("give-role");
  const begun = await begin(visitor, "give-role", fields);
  const approval = answered(key, begun);
  const send = async () =>
    (await visitor.post(path("give-role"), { form_token, ...fields, ceremony: begun.ceremony, approval })).status;
  const counter = async () => (await server.store.credentials.find(key.id))!.credential.counter;
  const before = await counter();
  expect(await send()).toBe(303);
  expect(await counter()).toBeGreaterThan(before);
  expect(await send()).toBe(403);
  const late = await begin(visitor, "give-role", { ...fields, role: "member" });
  await server.store.sessions.revokeAll(id, server.now());
  const ended = { form_token, ...fields, role: "member", ceremony: late.ceremony, approval: answered(key, late) };
  expect((await visitor.post(path("give-role"), ended)).status).toBe(401);
  expect(await server.store.roles.roleOf(target.id)).toBe("auditor");
});

describe("a change is refused when, since its touch was verified,", () => {
  test.each<[string, number, (who: Holder) => Promise<unknown>]>([
    ["the session has ended", 401, async ({ id }) => server.store.sessions.revokeAll(id, server.now())],
    ["the role was taken", 403, async ({ id }) => server.store.roles.setRole(id, "auditor")],
    ["they were locked out", 401, async ({ id }) => server.store.accounts.setDisabled(id, server.now())],
    ["the key was removed", 401, async ({ id, key }) => server.store.credentials.remove(id, key.id, true)],
  ])("%s", async (_name, status, meanwhile) => {
    const who = await newHolder(server, "administrator");
    const begun = await begin(who.visitor, "give-role", fieldsOf("give-role"));
    const form = { form_token: await who.visitor.formToken(), ...fieldsOf("give-role"), ceremony: begun.ceremony };
    const { store } = server;
    const transaction = store.transaction.bind(store);
    store.transaction = async (work) => {
      store.transaction = transaction;
      await meanwhile(who);
      return await transaction(work);
    };
    const answer = await who.visitor.post(path("give-role"), { ...form, approval: answered(who.key, begun) });
    expect(answer.status).toBe(status);
    expect(await store.roles.roleOf(target.id)).toBe("member");
  });
});

test.each<[string, Twist]>([
  ["without user verification", { userVerified: false }],
  ["without a touch", { userPresent: false }],
  ["from another origin", { origin: "https://evil.example" }],
  ["by no key of anybody", { forged: true }],
  ["with a counter that went back", { counter: 0 }],
])("a touch %s changes nothing", async (_name, twist) => {
  const { visitor, key } = administrator;
  const answer = await visitor.touched(key, path("give-role"), fieldsOf("give-role"), twist);
  expect(answer.status).toBe(403);
  expect(await server.store.roles.roleOf(target.id)).toBe("member");
});

test("the only administrator stays one, unless the form says so", async () => {
  const alone = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  try {
    const { visitor, key, email, id } = await newHolder(alone, "administrator");
    expect(await (await visitor.get(`/admin/person?email=${email}`)).text()).toContain('name="last" value="yes"');
    const changes: [string, Fields][] = [
      ["disable", {}],
      ["give-role", { role: "member" }],
      ["remove-key", { key: key.id }],
      ["remove-keys", {}],
    ];
    const other = await newHolder(alone, "administrator");
    await alone.store.credentials.removeAll(other.id);
    for (const [type, more] of changes) {
      const answer = await visitor.touched(key, path(type), { email, ...more });
      expect([type, answer.status]).toEqual([type, 409]);
    }
    expect((await visitor.touched(key, path("give-role"), { email, role: "member", last: "yes" })).status).toBe(303);
    expect(await alone.store.roles.roleOf(id)).toBe("member");
    expect((await visitor.get("/admin")).status).toBe(403);
  } finally {
    await alone.stop();
  }
});

test.each<[(typeof changeTypes)[number], Fields, string]>([
  ["invite", { email: "not an address" }, 'Expected an email address in "Email address".'],
  ["invite", { email: "" }, 'The field "Email address" is empty.'],
  ["invite", { email: `${"x".repeat(250)}@example.com` }, 'Expected at most 254 characters in "Email address".'],
  ["add-group", { group: "<b>" }, "Expected at most 64 of the letters A to Z"],
  ["rename-group", { name: "" }, 'The field "Name" is empty.'],
  ["give-role", { role: "root" }, 'Expected member, auditor or administrator in "Role".'],
  ["join-group", { at: "https://evil.example" }, 'Expected person or group in the hidden field "at".'],
  ["remove-key", { key: "?" }, 'Expected base64url in the hidden field "key".'],
  ["leave-group", { more: "x" }, 'The form has no field "more".'],
])("the form %s with %p is refused in one sentence: %s", async (type, fields, sentence) => {
  const form = { form_token: await administrator.visitor.formToken(), ...fieldsOf(type), ...fields };
  const answer = await administrator.visitor.post("/touch", { ...form, action: path(type) });
  const { error }: Json = await answer.json();
  expect([answer.status, error.message]).toEqual([400, expect.stringContaining(sentence)]);
});

test.each<[(typeof changeTypes)[number], Fields, number]>([
  ["disable", { email: "nobody@example.com" }, 404],
  ["disable", { email: "not an address" }, 400],
  ["disable", {}, 400],
  ["give-role", { role: "root" }, 400],
  ["give-role", { type: "disable" }, 303],
  ["remove-key", { key: "AAAA" }, 404],
  ["add-group", { group: "<b>" }, 400],
  ["join-group", { group: "nothing" }, 404],
  ["join-group", { at: "https://evil.example" }, 400],
  ["leave-group", { more: "x" }, 400],
  ["link-identity", { issuer: "http://login.example.com" }, 400],
  ["link-identity", { issuer: "https://login.example.com/" }, 400],
  ["link-identity", { subject: "a\nb" }, 400],
  ["link-identity", { subject: "x".repeat(256) }, 400],
  ["link-scim", { email: "nobody@example.com" }, 404],
  ["add-scim-token", { token: "Entra ID" }, 400],
  ["remove-scim-token", { token: "nothing" }, 400],
  ["set-profile", { text: "no = TOML =" }, 400],
  ["set-profile", { text: '{"url": "https://evil.example"}' }, 400],
  ["set-profile", { text: announced("<b>") }, 400],
  ["set-profile", { text: announced("cn").replace("us-east-1", "cn-north-1") }, 400],
  ["set-profile", { text: `# ${"x".repeat(16_000)}` }, 400],
  ["set-profile", { text: "" }, 400],
  ["set-profile", { group: "nothing" }, 404],
  ["set-profile", { profile: "<b>" }, 400],
  ["remove-profile", { profile: "nothing" }, 400],
])("the form %s with %p is %d", async (type, fields, status) => {
  const form = Object.keys(fields).length === 0 ? {} : { ...fieldsOf(type), ...fields };
  const answer = await administrator.visitor.touched(administrator.key, path(type), form);
  expect(answer.status).toBe(status);
  expect((await server.store.accounts.findUser(target.email))?.disabled).toBe(false);
});
