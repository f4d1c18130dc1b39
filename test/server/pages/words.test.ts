/** What the pages say: advice for who sits before a browser, and the server's words set apart from those that machines claim. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { hintAtPages } from "../../../src/server/pages/hints.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { type Holder, newHolder, Visitor } from "./visitor.ts";

let server: TestServer;
let administrator: Holder;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  administrator = await newHolder(server, "administrator");
});
afterAll(() => server.stop());

test.each<[string, string, Record<string, string>, string]>([
  ["an unknown key", "/keys/rename", { id: "AAAA", shown: "x", name: "y" }, "Load the page again"],
  ["the only key", "/keys/remove", { shown: "first" }, "Add another one first."],
  ["nobody", "/admin/changes/enable", { email: "nobody@example.com" }, "Find them under People."],
  ["no group", "/admin/changes/remove-group", { group: "nothing" }, "Find it under Groups."],
])("the script of a page is told of %s what to do there", async (_what, action, fields, words) => {
  const { visitor, key } = administrator;
  const form = { form_token: await visitor.formToken(), id: key.id, ...fields, action };
  const { id, ...others } = form;
  const answer = await visitor.post("/touch", action.startsWith("/keys") ? { id, ...others } : others);
  const { error } = (await answer.json()) as { error: { hint: string } };
  expect(error.hint).toStartWith(words);
  expect(error.hint).not.toContain("`vouch");
});

test.each([
  ["/admin/person?email=nobody@example.com", "Find them under People."],
  ["/admin/group?name=nothing", "Find it under Groups."],
  ["/admin/profile?name=nothing", "Find it under Profiles."],
])("%s says what to do at the pages", async (path, words) => {
  const page = await (await administrator.visitor.get(path)).text();
  expect(page).toContain(words);
  expect(page).not.toContain("<code>vouch");
});

test("what only a command does keeps its hint", () => {
  for (const hint of [
    "Begin again: `vouch login --browser`.",
    "Enrol it: `vouch enroll`.",
    "Run `vouch server admin add EMAIL`.",
    "Sign in again.",
    undefined,
  ])
    expect(hintAtPages("login_denied", hint)).toBe(hint);
});

test("a path that leads to nothing is a page for a browser, and JSON for a client", async () => {
  const browser = await fetch(`${server.base}/nothing/here`, { headers: { accept: "text/html,*/*;q=0.8" } });
  expect([browser.status, browser.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
  expect(browser.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(await browser.text()).toContain("No page has this address.");
  for (const [path, accept] of [
    ["/nothing/here", "*/*"],
    ["/v1/nothing", "text/html"],
    ["/scim/v2/nothing", "text/html"],
  ] as const) {
    const client = await fetch(server.base + path, { headers: { accept } });
    expect([path, client.status, client.headers.get("content-type")?.split(";")[0]]).toEqual([
      path,
      404,
      path.startsWith("/scim") ? "application/scim+json" : "application/json;charset=utf-8".split(";")[0]!,
    ]);
  }
  const off = await startTestServer({ pages: "off" });
  const without = await fetch(`${off.base}/nothing`, { headers: { accept: "text/html" } });
  expect(without.headers.get("content-type")).toStartWith("application/json");
  await off.stop();
});

test("a machine that calls itself this browser is set apart from it, and one that nobody can read has no name", async () => {
  const { key, email } = await newHolder(server, "member");
  for (const client of ["This browser", "\u3164\u115f"]) {
    const { ceremony, options } = await server.loginOptions();
    const dpop = await server.proof(await DpopKey.generate());
    const credential = JSON.stringify(key.authenticate(options, origin));
    const login = { grant_type: webauthnGrant, ceremony, credential, client };
    expect((await server.form("/oauth/token", login, { dpop })).status).toBe(200);
  }
  const mine = new Visitor(server);
  await mine.signIn(key);
  const page = await (await mine.get("/")).text();
  expect(page.match(/<q class="claimed">This browser<\/q>/g)).toHaveLength(2);
  expect(page).toContain("<span>This browser ");
  expect(page).toContain("A machine without a name");
  const admins = await (await administrator.visitor.get(`/admin/person?email=${email}`)).text();
  expect(admins).toContain('<q class="claimed">This browser</q>');
});
