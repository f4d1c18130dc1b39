/** What the pages say to who has not got the program, or is not signed in. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installCommand } from "../../../src/server/pages/view/install.tsx";
import { startTestServer, type TestServer } from "../test-server.ts";
import { bySingleSignOn, type Holder, newHolder, Visitor } from "./visitor.ts";

let server: TestServer;
let administrator: Holder;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  administrator = await newHolder(server, "administrator");
});
afterAll(() => server.stop());

const textOf = async (answer: Promise<Response>) => await (await answer).text();
const copied = (text: string) => `data-copy="${Bun.escapeHTML(text)}"`;

test("the command that installs the program is the README's", () => {
  const readme = readFileSync(join(import.meta.dir, "../../../README.md"), "utf8");
  expect(readme).toContain(installCommand);
});

test("it is on My page, with a key and without one, and beside a code, which has a button to copy it, too", async () => {
  const { visitor, key } = administrator;
  expect(await textOf(visitor.get("/"))).toContain(copied(installCommand));
  await server.invite("keyless@example.com");
  const keyless = await bySingleSignOn(server, "keyless@example.com");
  expect(await textOf(keyless.get("/"))).toContain(copied(installCommand));
  const page = await textOf(visitor.touched(key, "/admin/changes/invite", { email: "new@example.com" }));
  const code = /<code>([A-Z0-9-]{10,})<\/code>/.exec(page)?.[1] ?? "";
  expect(page).toContain(copied(code));
  expect(page).toContain(copied(installCommand));
});

test("a new laptop asks for no role and repository that a profile announces", async () => {
  const { visitor, key } = await newHolder(server, "administrator");
  expect(await textOf(visitor.get("/"))).toContain("Say which role and repository you use");
  const repository = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1", repository: "my-repo" };
  const text = JSON.stringify({
    aws: { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" },
    repositories: [repository],
  });
  const set = await visitor.touched(key, "/admin/changes/set-profile", { profile: "company", group: "", text });
  expect(set.status).toBe(303);
  const page = await textOf(visitor.get("/"));
  expect(page).not.toContain("Say which role");
  expect(page).toContain(copied("vouch setup"));
});

test.each([
  ["/nothing/here", 404],
  ["/sso/callback?state=x", 404],
  ["/activity?before=x", 400],
])("a refusal at %s leads who has a session to their page, anybody else to the sign-in", async (path, status) => {
  const accept = { accept: "text/html,*/*;q=0.8" };
  const mine = await administrator.visitor.get(path, accept);
  expect([mine.status, (await mine.text()).includes("Back to my page")]).toEqual([status, true]);
  for (const stranger of [new Visitor(server), new Visitor(server, "x".repeat(43))]) {
    const page = await textOf(stranger.get(path, accept));
    expect(page).not.toContain("Back to my page");
    expect(page).toMatch(/href="\/sign-in">\s*Sign in|data-sign-in/);
  }
});
