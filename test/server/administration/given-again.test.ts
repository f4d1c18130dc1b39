/**
 * An address that was given to somebody else, or a name to another group, token or profile, between what an administrator
 * was shown and the change: it is about nobody then, over the API and at the pages.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { administer } from "../../../src/fido/webauthn/deed.ts";
import { type AdminChange, changeTypes, partsOf } from "../../../src/server/administration/change.ts";
import { sha256 } from "../../../src/server/random.ts";
import { type Holder, newHolder as newPageHolder } from "../pages/visitor.ts";
import { newPerson, type Person } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { newHolder } from "./administrators.ts";

type ChangeType = AdminChange["type"];
type Json = ReturnType<typeof JSON.parse>;

const issuer = "https://login.example.com";
const announced = { aws: { roleArn: "arn:aws:iam::123456789012:role/x", region: "us-east-1" } };

let server: TestServer;
let administrator: Person & { id: string };
let onPages: Holder;
let target: { email: string; id: string; key: string };
let group: { name: string; id: string };
let count = 0;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  administrator = await newHolder(server, "administrator");
  onPages = await newPageHolder(server, "administrator");
});
afterAll(() => server.stop());
beforeEach(async () => {
  const { email, key } = await newPerson(server);
  target = { email, key: key.id, id: (await server.store.accounts.findUser(email))!.id };
  group = (await server.store.groups.create(`team ${++count}`, "local", server.now()))!;
  await server.store.groups.join(group.id, target.id, "local");
  await server.store.scimTokens.add(item(), sha256(item()), server.now());
  await server.store.laptopProfiles.set(item(), undefined, JSON.stringify(announced), server.now());
});
afterEach(async () => {
  for (const { name } of await server.store.scimTokens.list()) await server.store.scimTokens.remove(name);
  for (const { name } of await server.store.laptopProfiles.all()) await server.store.laptopProfiles.remove(name);
});

/** The name of a token and of a profile. */
const item = () => `item-${count}`;

/** The address is somebody else's now, whose key has the removed one's place. */
async function giveAddress(): Promise<void> {
  const { accounts, credentials, groups, provisioned, sessions } = server.store;
  const nobody = { displayName: undefined, givenName: undefined, familyName: undefined, externalId: undefined };
  await provisioned.write(target.id, { ...nobody, email: `was-${target.email}` });
  const other = (await accounts.add(target.email, server.now()))!;
  await groups.join(group.id, other.id, "local");
  const { credential } = (await credentials.find(target.key))!;
  await credentials.add({ ...credential, id: `${target.key.slice(0, -1)}_`, userId: other.id });
  await sessions.revokeAll(other.id, server.now());
}

/** The name is another group's now, in which the same people are. */
async function giveName(): Promise<void> {
  const { groups } = server.store;
  await groups.rename(group.id, `was ${group.name}`);
  const other = (await groups.create(group.name, "local", server.now()))!;
  await groups.join(other.id, target.id, "local");
}

/** A token of SCIM of this name, in place of the one that was there. */
async function giveToken(): Promise<void> {
  const { scimTokens } = server.store;
  await scimTokens.remove(item());
  await scimTokens.add(item(), sha256(`another ${item()}`), server.now());
}

/** A profile of this name that announces something else, in place of the one that was there. */
async function giveProfile(): Promise<void> {
  const { laptopProfiles } = server.store;
  await laptopProfiles.remove(item());
  await laptopProfiles.set(item(), undefined, JSON.stringify({ ...announced, repositories: [] }), server.now());
}

/** A profile comes into being. */
const giveNewProfile = async () =>
  await server.store.laptopProfiles.set(`new-${item()}`, undefined, JSON.stringify(announced), server.now());

/** The invited address gets a person meanwhile, who is not the new one that was shown. */
const giveNew = async () => void (await server.store.accounts.add(`new-${target.email}`, server.now()));

const ofPerson = [
  "disable",
  "enable",
  "end-sessions",
  "remove-key",
  "remove-keys",
  "give-role",
  "link-identity",
  "unlink-identity",
  "link-scim",
  "unlink-scim",
] as const;
const ofGroup = ["rename-group", "remove-group", "set-profile"] as const;
const cases: [ChangeType, string, () => Promise<void>][] = [
  ...ofPerson.map((type): [ChangeType, string, () => Promise<void>] => [type, "address", giveAddress]),
  ...ofGroup.map((type): [ChangeType, string, () => Promise<void>] => [type, "name", giveName]),
  ["join-group", "address", giveAddress],
  ["join-group", "name", giveName],
  ["leave-group", "address", giveAddress],
  ["leave-group", "name", giveName],
  ["invite", "address", giveAddress],
  ["invite", "new address", giveNew],
  ["remove-scim-token", "token", giveToken],
  ["remove-profile", "profile", giveProfile],
  ["set-profile", "profile", giveProfile],
  ["set-profile", "new profile", giveNewProfile],
];

test("every change that is about somebody, or something that is there, is looked at", () => {
  expect(changeTypes.filter((type) => !cases.some(([each]) => each === type))).toEqual(["add-group", "add-scim-token"]);
});

/** The change, and the fields of its form without the ids. */
function asked(type: ChangeType, what: string): AdminChange & Record<string, unknown> {
  const email = what === "new address" ? `new-${target.email}` : target.email;
  const changes: Record<ChangeType, object> = {
    invite: { email },
    disable: { email, last: false },
    enable: { email },
    "end-sessions": { email },
    "remove-key": { email, key: target.key, last: false },
    "remove-keys": { email, last: false },
    "give-role": { email, role: "auditor", last: false },
    "add-group": { group: "x" },
    "rename-group": { group: group.name, name: `${group.name} new` },
    "remove-group": { group: group.name },
    "join-group": { group: group.name, email },
    "leave-group": { group: group.name, email },
    "link-identity": { email, issuer, subject: "new" },
    "unlink-identity": { email, issuer, subject: target.id },
    "link-scim": { email },
    "unlink-scim": { email },
    "add-scim-token": { token: "x" },
    "remove-scim-token": { token: item() },
    "set-profile": { profile: what === "new profile" ? `new-${item()}` : item(), group: group.name, body: announced },
    "remove-profile": { profile: item() },
  };
  return { type, ...changes[type] } as AdminChange & Record<string, unknown>;
}
const fieldsOf = (type: ChangeType, what: string): Record<string, string> => {
  const { type: _type, last: _last, body, ...fields } = asked(type, what);
  return { ...fields, ...(body === undefined ? {} : { text: JSON.stringify(body) }) };
};

/** Runs it when the touch is verified, before the change is made. */
function beforeTransaction(work: () => Promise<void>): void {
  const { store } = server;
  const transaction = store.transaction.bind(store);
  store.transaction = async (change) => {
    store.transaction = transaction;
    await work();
    return await transaction(change);
  };
}

/** Neither administrator has made any change. */
async function expectNothingDone(answer: { status: number }): Promise<void> {
  expect(answer.status).toBe(403);
  const newest = await server.store.audit.pageBefore({ time: 1e12, chain: "", number: 0 }, 0, 30);
  expect(newest.filter(({ by }) => by === administrator.email || by === onPages.email)).toEqual([]);
}

describe.each(cases)("%s is refused once the %s is another's", (type, what, give) => {
  test.each(["before the answer", "while it is made"])("%s, over the API", async (when) => {
    const change = asked(type, what);
    const begun = await server.inSession(administrator, "POST", "/v1/admin/changes/options", { change });
    const { ceremony, approval: request } = begun.body;
    const approval = administrator.key.authenticate(request, origin, {}, administer(partsOf(change)));
    if (when === "before the answer") await give();
    else beforeTransaction(give);
    const answer = await server.inSession(administrator, "POST", "/v1/admin/changes", { ceremony, approval, change });
    await expectNothingDone(answer);
  });

  test.each(["before the form is sent", "while the change is made"])("%s, at the pages", async (when) => {
    const { visitor, key } = onPages;
    const form = { form_token: await visitor.formToken(), ...fieldsOf(type, what) };
    const path = `/admin/changes/${type}`;
    const begun = (await (await visitor.post("/touch", { ...form, action: path })).json()) as Json;
    const { challenge } = begun.options;
    const approval = JSON.stringify(key.authenticate(begun.options, origin, { challenge }));
    if (when === "before the form is sent") await give();
    else beforeTransaction(give);
    await expectNothingDone(await visitor.post(path, { ...form, ceremony: begun.ceremony, approval }));
  });
});

/** The hidden fields of a page's forms of this type. */
function formsOf(page: string, type: ChangeType): Record<string, string>[] {
  return [...page.matchAll(new RegExp(`action="/admin/changes/${type}".*?</form>`, "gs"))].map(([form]) =>
    Object.fromEntries(
      [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
    ),
  );
}

describe("a page has the id of whom it shows:", () => {
  const onPerson = () => `/admin/person?email=${target.email}`;
  const onScim = () => "/admin/scim";
  const onProfile = () => `/admin/profile?name=${item()}`;
  const onGroup = () => `/admin/group?name=${group.name.replace(" ", "+")}`;
  const typed: Record<string, string> = { role: "auditor" };

  test.each<[ChangeType, string, () => string, () => Promise<void>]>([
    ["invite", "person's", onPerson, giveAddress],
    ["disable", "person's", onPerson, giveAddress],
    ["end-sessions", "person's", onPerson, giveAddress],
    ["remove-key", "person's", onPerson, giveAddress],
    ["remove-keys", "person's", onPerson, giveAddress],
    ["give-role", "person's", onPerson, giveAddress],
    ["join-group", "person's", onPerson, giveAddress],
    ["leave-group", "person's", onPerson, giveAddress],
    ["leave-group", "person's", onPerson, giveName],
    ["join-group", "group's", onGroup, giveName],
    ["leave-group", "group's", onGroup, giveAddress],
    ["leave-group", "group's", onGroup, giveName],
    ["rename-group", "group's", onGroup, giveName],
    ["remove-group", "group's", onGroup, giveName],
    ["remove-scim-token", "token's", onScim, giveToken],
    ["set-profile", "profile's", onProfile, giveProfile],
    ["remove-profile", "profile's", onProfile, giveProfile],
  ])("the form %s of a %s costs no touch once that is another's", async (type, _page, path, give) => {
    const { visitor } = onPages;
    const [form] = formsOf(await (await visitor.get(path())).text(), type);
    expect(form?.["form_token"]).toBeString();
    await give();
    const whole = { ...fieldsOf(type, "address"), ...typed, ...form };
    const { role, ...others } = whole;
    const fields = type === "give-role" ? whole : others;
    const answer = await visitor.post("/touch", { ...fields, action: `/admin/changes/${type}` });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("by now");
    expect(role).toBe("auditor");
  });

  test("the form enable of one who is locked out", async () => {
    await server.store.accounts.setDisabled(target.id, server.now());
    const [form] = formsOf(await (await onPages.visitor.get(onPerson())).text(), "enable");
    expect(form).toMatchObject({ email: target.email, person_id: target.id });
  });
});
