/** What is refused to somebody whom the server knows is in the audit log, with who and where. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pageRoutes } from "../../../src/server/pages/routes.ts";
import type { AuditEntry } from "../../../src/server/audit/entry.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { type Holder, newHolder } from "./visitor.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

const refused = async (id: string): Promise<AuditEntry[]> =>
  (await server.store.audit.ofUser(id, { time: 1e12, chain: "", number: 0 }, 100)).filter(
    ({ event }) => event === "refuse",
  );

test("a form of another site that comes with a session's cookie", async () => {
  const { visitor, id, key } = await newHolder(server, "member");
  const posted = pageRoutes.filter(({ method }) => method === "POST").map(({ path }) => path);
  // The login in a browser is off here.
  const paths = posted.filter((path) => !path.startsWith("/sign-in/code"));
  // So many of one person are recorded one by one.
  for (const path of paths.slice(0, 20)) {
    const before = (await refused(id)).length;
    expect((await visitor.post(path, {}, { origin: "https://evil.example" })).status).toBe(403);
    const [entry, ...others] = await refused(id);
    expect(others.length).toBe(before);
    expect(entry).toMatchObject({
      credential: key.id,
      address: "127.0.0.1",
      reason: "The form was not sent by a page of this server.",
      detail: { path, code: "protocol_error" },
    });
  }
});

test("an administrator's slip is none, and a member's try is one, whatever is there", async () => {
  const administrator = await newHolder(server, "administrator");
  const member = await newHolder(server, "member");
  const nobody = { email: "nobody@example.com" };
  for (const path of ["person?email=nobody@example.com", "group?name=nothing", "profile?name=nothing"]) {
    expect([path, (await administrator.visitor.get(`/admin/${path}`)).status]).toEqual([path, 404]);
    expect([path, (await member.visitor.get(`/admin/${path}`)).status]).toEqual([path, 403]);
  }
  expect((await administrator.visitor.touched(administrator.key, "/admin/changes/enable", nobody)).status).toBe(404);
  expect(await refused(administrator.id)).toEqual([]);
  const form_token = await member.visitor.formToken();
  await member.visitor.post("/admin/changes/enable", { ...nobody, form_token, ceremony: "x", approval: "{}" });
  expect(await refused(member.id)).toHaveLength(4);
});

test("a form of another site counts for nobody's limit", async () => {
  const limited = await startTestServer({ subjectLimits: { person: 4, credential: 1e6 } });
  const { visitor } = await newHolder(limited, "member");
  for (let count = 0; count < 10; count++) await visitor.post("/sign-out", {}, { "sec-fetch-site": "same-site" });
  expect((await visitor.get("/")).status).toBe(200);
  await limited.stop();
});

describe("a form that a key was touched for, after", () => {
  const begin = async ({ visitor, key }: Holder) => {
    const form = { form_token: await visitor.formToken(), id: key.id, shown: "first", name: "second" };
    const answer = await visitor.post("/touch", { ...form, action: "/keys/rename" });
    const { ceremony, options } = (await answer.json()) as ReturnType<typeof JSON.parse>;
    const approval = JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge }));
    return { ...form, ceremony, approval };
  };

  test.each<[string, (who: Holder) => Promise<unknown>, boolean]>([
    ["the sign-out", async ({ visitor }) => visitor.post("/sign-out", { form_token: await visitor.formToken() }), true],
    ["all sessions were ended", async ({ id }) => server.store.sessions.revokeAll(id, server.now()), true],
    ["the person was locked out", async ({ id }) => server.store.accounts.setDisabled(id, server.now()), true],
    ["the key was removed", async ({ id }) => server.store.credentials.removeAll(id), false],
    ["half an hour", async () => server.advance(1800), true],
  ])("%s", async (_what, meanwhile, hasKey) => {
    const who = await newHolder(server, "member");
    const form = await begin(who);
    await meanwhile(who);
    expect((await who.visitor.post("/keys/rename", form)).status).toBe(401);
    expect(await refused(who.id)).toMatchObject([
      { credential: hasKey ? who.key.id : null, detail: { path: "/keys/rename", code: "login_needed" } },
    ]);
  });

  test("the sign-out, a second time, is of a stranger", async () => {
    const who = await newHolder(server, "member");
    const form = await begin(who);
    await who.visitor.post("/sign-out", { form_token: form.form_token });
    for (let count = 0; count < 3; count++) expect((await who.visitor.post("/keys/rename", form)).status).toBe(401);
    expect(await refused(who.id)).toHaveLength(1);
  });
});
