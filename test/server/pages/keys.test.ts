/** Changing one's keys at the pages: a touch is for exactly one form of one session, once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { bySingleSignOn, enrolled, Visitor } from "./visitor.ts";

type Json = ReturnType<typeof JSON.parse>;

let server: TestServer;
let visitor: Visitor;
let key: TestSecurityKey;
let email: string;
let people = 0;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  email = `keys-${++people}@example.com`;
  key = await enrolled(server, email);
  visitor = new Visitor(server);
  await visitor.signIn(key);
});

const userId = async () => (await server.store.accounts.findUser(email))!.id;
const names = async () => (await server.store.credentials.ofUser(await userId())).map(({ name }) => name);
const renaming = () => ({ id: key.id, shown: "first", name: "pocket" });
const answered = (options: Json, twist: Twist = {}) =>
  JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge, ...twist }));

async function begin(action: string, fields: Record<string, string>): Promise<Json> {
  return await (await visitor.post("/touch", { form_token: await visitor.formToken(), ...fields, action })).json();
}

/** The whole addition; `change` is what somebody between changes of the last form. */
async function add(added: TestSecurityKey, change: Record<string, string> = {}): Promise<Response> {
  const form = { form_token: await visitor.formToken(), name: "second" };
  const begun: Json = await (await visitor.post("/keys/add/options", form)).json();
  const { challenge } = begun.options;
  const credential = JSON.stringify(added.register(begun.options, origin, { challenge }));
  const registered = { ...form, ceremony: begun.ceremony, credential };
  const approving: Json = await (await visitor.post("/keys/add/approval", registered)).json();
  return await visitor.post("/keys/add", { ...registered, approval: answered(approving.options), ...change });
}

test("a key is renamed, another added, and the first removed, each in the audit log", async () => {
  expect((await visitor.touched(key, "/keys/rename", renaming())).headers.get("location")).toBe("/");
  expect(visitor.notice).toBe("key-renamed");
  const added = new TestSecurityKey();
  expect((await add(added)).headers.get("location")).toBe("/");
  expect(visitor.notice).toBe("key-added");
  expect(await names()).toEqual(["pocket", "second"]);
  const removed = await visitor.touched(key, "/keys/remove", { id: added.id, shown: "second" });
  expect([removed.headers.get("location"), visitor.notice]).toEqual(["/", "key-removed"]);
  expect(await names()).toEqual(["pocket"]);
  const entries = await server.store.audit.ofUser(await userId(), { time: 1e12, chain: "", number: 0 }, 3);
  expect(entries.map(({ event, detail }) => [event, detail["approvedBy"]])).toEqual([
    ["key_removed", key.id],
    ["key_added", key.id],
    ["key_renamed", key.id],
  ]);
});

describe("a change is refused", () => {
  test("without a touch", async () => {
    const form_token = await visitor.formToken();
    expect((await visitor.post("/keys/rename", { form_token, ...renaming() })).status).toBe(403);
    const other = { form_token, id: key.id, shown: "first" };
    expect((await visitor.post("/keys/remove", other)).status).toBe(403);
    expect(await names()).toEqual(["first"]);
  });

  test.each<[string, Twist]>([
    ["by no key of anybody", { forged: true }],
    ["without user verification", { userVerified: false }],
    ["without a touch", { userPresent: false }],
    ["from another origin", { origin: "https://evil.example" }],
    ["for another rp.id", { rpId: "evil.example" }],
    ["with another challenge", { challenge: "AAAA" }],
    ["with a counter that went back", { counter: 0 }],
  ])("with an assertion %s", async (_name, twist) => {
    expect((await visitor.touched(key, "/keys/rename", renaming(), twist)).status).toBe(403);
    expect(await names()).toEqual(["first"]);
  });

  test.each<[string, string, Record<string, string>]>([
    ["another name", "/keys/rename", { name: "mine" }],
    ["a further field", "/keys/rename", { more: "x" }],
    ["another action", "/keys/remove", {}],
  ])("with a touch for a form with %s", async (_name, path, more) => {
    await add(new TestSecurityKey());
    const { ceremony, options } = await begin("/keys/rename", renaming());
    const fields = { form_token: await visitor.formToken(), ...renaming(), ...more };
    const answer = await visitor.post(path, { ...fields, ceremony, approval: answered(options) });
    expect(answer.status).toBe(403);
    expect(await names()).toEqual(["first", "second"]);
  });

  test("with a touch that was used, that another session began, that is for signing in, and after five minutes", async () => {
    const begun = await begin("/keys/rename", renaming());
    const send = async (from: Visitor, { ceremony, options }: Json) => {
      const fields = { form_token: await from.formToken(), ...renaming(), ceremony };
      return (await from.post("/keys/rename", { ...fields, approval: answered(options) })).status;
    };
    const other = new Visitor(server);
    await other.signIn(key);
    expect(await send(other, begun)).toBe(403);
    const signingIn: Json = await (await visitor.post("/sign-in/options", {})).json();
    expect(await send(visitor, signingIn)).toBe(403);
    const late = await begin("/keys/rename", renaming());
    server.advance(300);
    expect(await send(visitor, late)).toBe(403);
    const good = await begin("/keys/rename", renaming());
    expect(await send(visitor, good)).toBe(303);
    expect(await send(visitor, good)).toBe(403);
  });

  test("by another person's key, and of another person's key", async () => {
    const stranger = await enrolled(server, `stranger-${people}@example.com`);
    expect((await visitor.touched(stranger, "/keys/rename", renaming())).status).toBe(403);
    const theirs = { id: stranger.id, shown: "first", name: "taken" };
    expect((await visitor.touched(key, "/keys/rename", theirs)).status).toBe(404);
    expect((await visitor.touched(key, "/keys/remove", { id: stranger.id, shown: "first" })).status).toBe(404);
  });

  test("of the last key, to a taken or empty name, and of a key that got another name meanwhile: before any touch", async () => {
    expect((await visitor.touched(key, "/keys/remove", { id: key.id, shown: "first" })).status).toBe(409);
    await add(new TestSecurityKey());
    expect((await visitor.touched(key, "/keys/rename", { ...renaming(), name: "second" })).status).toBe(409);
    expect((await visitor.touched(key, "/keys/rename", { ...renaming(), name: "" })).status).toBe(400);
    expect((await visitor.touched(key, "/keys/rename", { ...renaming(), shown: "older" })).status).toBe(403);
    expect(await names()).toEqual(["first", "second"]);
  });

  test("for a form that there is not", async () => {
    for (const action of ["/sessions/end", "__proto__", "constructor", "/"]) {
      const answer = await visitor.post("/touch", { form_token: await visitor.formToken(), action });
      expect([action, answer.status]).toEqual([action, 404]);
    }
  });
});

describe("an addition is refused", () => {
  test("when another key, another name or no approval is sent in the end", async () => {
    const other = new TestSecurityKey();
    const begun: Json = await (
      await visitor.post("/keys/add/options", { form_token: await visitor.formToken(), name: "second" })
    ).json();
    const { challenge } = begun.options;
    const credential = JSON.stringify(other.register(begun.options, origin, { challenge }));
    expect((await add(new TestSecurityKey(), { credential })).status).toBe(403);
    expect((await add(new TestSecurityKey(), { name: "other" })).status).toBe(403);
    expect((await add(new TestSecurityKey(), { approval: "" })).status).toBe(400);
    expect(await names()).toEqual(["first"]);
  });
});

test("a session of single sign-on reads, and changes a key by a touch alone", async () => {
  visitor = await bySingleSignOn(server, email);
  expect(await (await visitor.get("/")).text()).toContain("signed in by single sign-on");
  const fields = { form_token: await visitor.formToken(), ...renaming() };
  expect((await visitor.post("/keys/rename", fields)).status).toBe(403);
  expect((await visitor.touched(key, "/keys/rename", renaming())).status).toBe(303);
});

test("a person without a key cannot add a first one here", async () => {
  await server.invite("nobody@example.com");
  const keyless = await bySingleSignOn(server, "nobody@example.com");
  const answer = await keyless.post("/keys/add/options", { form_token: await keyless.formToken() });
  expect(answer.status).toBe(403);
});
