/** Keys of phones and computers: which are marked, what they may, and what becomes of them where the setting goes off. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AuthenticatorAttachment } from "@simplewebauthn/server";
import { sha256 } from "../../../../src/server/random.ts";
import { enrolled, Visitor } from "../../pages/visitor.ts";
import { login } from "../../person.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";
import { TestSecurityKey } from "../../webauthn/security-key.ts";
import { BrowserClient } from "../browser-client.ts";
import { DpopKey } from "../dpop-key.ts";

const limits = { enroll: 1e6, login: 1e6, token: 1e6 };
const publishesNothing = "Keys of a phone or computer, and keys that those approved, publish nothing at this server.";
let server: TestServer;
let people = 0;
beforeAll(async () => {
  server = await startTestServer({ browserLogin: { publish: false }, rateLimits: limits });
});
afterAll(() => server.stop());

/** What a browser says of a key that it registers. */
interface Said {
  transports?: string[] | undefined;
  attachment?: AuthenticatorAttachment | undefined;
}

const phone: Said = { transports: ["internal"], attachment: "platform" };
const securityKey: Said = { transports: ["usb"], attachment: "cross-platform" };

const somebody = async (at: TestServer) => await enrolled(at, `built-in-${++people}@example.com`);

/** Adds a key at the page, by a touch of `approver`; `later`: what the browser says in the last request. */
async function add(at: TestServer, approver: TestSecurityKey, said: Said, later = said) {
  const added = new TestSecurityKey();
  const visitor = new Visitor(at);
  await visitor.signIn(approver);
  const form_token = await visitor.formToken();
  const { ceremony, options } = (await (await visitor.post("/keys/add/options", { form_token })).json()) as Answered;
  const made = added.register(options, origin, { challenge: options.challenge });
  const as = ({ transports, attachment }: Said) => {
    const { transports: _, ...response } = made.response;
    const { authenticatorAttachment: __, ...rest } = made;
    return JSON.stringify({
      ...rest,
      response: { ...response, ...(transports && { transports }) },
      ...(attachment && { authenticatorAttachment: attachment }),
    });
  };
  const asked = await visitor.post("/keys/add/approval", { form_token, ceremony, credential: as(said) });
  const body = (await asked.json()) as Answered;
  if (!asked.ok) return { status: asked.status, message: body.error.message as string, added };
  const approval = JSON.stringify(approver.authenticate(body.options, origin, { challenge: body.options.challenge }));
  const { status } = await visitor.post("/keys/add", { form_token, ceremony, credential: as(later), approval });
  return { status, message: "", added };
}

/** Whether a publication is offered to this key, and the error where it is touched for one all the same. */
async function publication(session: Awaited<ReturnType<typeof login>>, key: TestSecurityKey) {
  const begun = await server.inSession(session, "POST", "/v1/publish/options", {});
  const { ceremony, approval } = begun.body;
  const isOffered = approval.allowCredentials.some(({ id }: { id: string }) => id === key.id);
  const touch = key.authenticate(approval, origin, {}, { purpose: "publish", about: "1 1" });
  const { body } = await server.inSession(session, "POST", "/v1/publish", { ceremony, approval: touch, holder: "1 1" });
  return [isOffered, body.error?.message];
}

test.each<[string, Said, boolean]>([
  ["a security key", securityKey, false],
  ["one whose transports nobody knows", { transports: [], attachment: "cross-platform" }, false],
  ["the sensor of a computer", phone, true],
  ["an older browser that says the attachment alone", { attachment: "platform" }, true],
  ["a phone elsewhere", { transports: ["hybrid", "internal"], attachment: "cross-platform" }, true],
  ["a phone by its former name", { transports: ["cable"], attachment: "cross-platform" }, true],
  ["names in capitals", { transports: ["INTERNAL"], attachment: "cross-platform" }, true],
  ["one that does not say its attachment", { transports: ["usb"] }, true],
  ["one that says nothing", {}, true],
  ["one that contradicts itself", { transports: ["usb"], attachment: "platform" }, true],
])("%s counts as what it says, and as part of a phone or computer if it says nothing", async (_, said, isMarked) => {
  const mine = await somebody(server);
  const { status, added } = await add(server, mine, said);
  expect(status).toBe(303);
  const session = await login(server, mine);
  const listed = await server.inSession(session, "GET", "/v1/credentials");
  expect(listed.body.credentials.map(({ builtIn }: { builtIn: boolean }) => builtIn)).toEqual([false, isMarked]);
  expect(await publication(session, added)).toEqual(isMarked ? [false, publishesNothing] : [true, undefined]);
});

test("a key that a marked one approves is marked, and publishes nothing", async () => {
  const mine = await somebody(server);
  const { added: built } = await add(server, mine, phone);
  const { added: washed } = await add(server, built, securityKey);
  expect((await server.store.credentials.find(washed.id))?.credential.builtIn).toBe(true);
  const session = await login(server, washed);
  expect(await publication(session, washed)).toEqual([false, publishesNothing]);
  const visitor = new Visitor(server);
  await visitor.signIn(mine);
  expect((await (await visitor.get("/")).text()).match(/<span class="badge">phone or computer<\/span>/g)).toHaveLength(
    2,
  );
});

test("what the browser says of the key is what was approved", async () => {
  const { status, added } = await add(server, await somebody(server), phone, securityKey);
  expect(status).toBe(403);
  expect(await server.store.credentials.find(added.id)).toBeUndefined();
});

test("a transport that is no name is refused", async () => {
  const said = { transports: ["usb\u001B[2J"], attachment: "cross-platform" } as const;
  expect((await add(server, await somebody(server), { ...said, transports: [...said.transports] })).status).toBe(400);
});

test("the key opens a session in the browser", async () => {
  const { added } = await add(server, await somebody(server), phone);
  const client = await BrowserClient.begin(server);
  expect((await client.redeem(await client.code(added))).status).toBe(200);
});

describe("a server with the login in the browser off", () => {
  let off: TestServer;
  beforeAll(async () => {
    off = await startTestServer({ rateLimits: limits });
  });
  afterAll(() => off.stop());

  test.each<[string, Said, string]>([
    ["part of a phone or computer", phone, "it is part of a phone or computer"],
    ["of a kind that the browser does not say", { transports: ["usb"] }, "does not say that it is a security key"],
  ])("takes no key that is %s", async (_, said, why) => {
    const { status, message } = await add(off, await somebody(off), said);
    expect([status, message]).toEqual([403, expect.stringContaining(why)]);
  });

  test("lets nobody in by a key that was marked before, and takes no approval of it", async () => {
    const marked = await somebody(off);
    const { credential, user } = (await off.store.credentials.find(marked.id))!;
    await off.store.credentials.remove(user.id, marked.id, true);
    await off.store.credentials.add({ ...credential, builtIn: true });
    const refused = expect.stringContaining("none lets anybody in any more");
    const again = await off.login(marked, await DpopKey.generate());
    expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant", error_description: refused } });
    expect((await new Visitor(off).signIn(marked)).status).toBe(403);
  });

  test("takes no session that was opened in a browser before", async () => {
    const key = await somebody(off);
    const { credential, user } = (await off.store.credentials.find(key.id))!;
    const dpop = await DpopKey.generate();
    const jkt = await dpop.thumbprint();
    const times = { createdAt: off.now(), expiresAt: off.now() + 3600 };
    const opened = { user, jkt, credentialId: credential.id, ...times };
    for (const openedBy of [undefined, "browser"] as const) {
      const accessToken = `token-${openedBy}`;
      await off.store.sessions.add(sha256(accessToken), { ...opened, openedBy });
      const listed = await off.inSession({ accessToken, dpop }, "GET", "/v1/sessions");
      expect([openedBy, listed.status]).toEqual([openedBy, openedBy === undefined ? 200 : 401]);
      const exchanged = await off.exchange(accessToken, dpop);
      expect([openedBy, exchanged.status]).toEqual([openedBy, openedBy === undefined ? 200 : 400]);
    }
  });
});

/** Parsed JSON, which the test looks into freely. */
type Answered = ReturnType<typeof JSON.parse>;
