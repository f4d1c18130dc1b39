/** What auditors and administrators read at the pages, page by page, and nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { changeTypes } from "../../../../src/server/administration/change.ts";
import { sha256 } from "../../../../src/server/random.ts";
import { pageRoutes } from "../../../../src/server/pages/routes.ts";
import { startTestServer, type TestServer } from "../../test-server.ts";
import { bySingleSignOn, type Holder, newHolder, Visitor } from "../visitor.ts";

let server: TestServer;
let auditor: Holder;
let administrator: Holder;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 }, tagGroups: ["platform"] });
  auditor = await newHolder(server, "auditor");
  administrator = await newHolder(server, "administrator");
  const { id } = (await server.store.groups.create("platform", "local", server.now()))!;
  await server.store.groups.join(id, auditor.id, "local");
  await server.store.laptopProfiles.set("company", id, "{}", server.now());
});
afterAll(() => server.stop());

const paths = pageRoutes.filter(({ path, method }) => path.startsWith("/admin") && method === "GET");
const query: Record<string, () => string> = {
  "/admin/person": () => `?email=${auditor.email}`,
  "/admin/group": () => "?name=platform",
  "/admin/profile": () => "?name=company",
};
const whole = (path: string) => path + (query[path]?.() ?? "");
const read = async (path: string, who = auditor.visitor) => await (await who.get(path)).text();

describe.each(paths.map(({ path }) => [path] as const))("%s", (path) => {
  test("is for auditors and administrators alone", async () => {
    const member = await newHolder(server, "member");
    const answer = await member.visitor.get(whole(path));
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain(administrator.email);
    for (const { visitor } of [auditor, administrator]) expect((await visitor.get(whole(path))).status).toBe(200);
    const stranger = await new Visitor(server).get(whole(path));
    const page = await stranger.text();
    expect(page).not.toContain(administrator.email);
    if (path === "/admin/audit/export") expect(stranger.status).toBe(401);
    else expect(page).toContain('name="next" value="admin"');
  });

  test("follows the role at once, and is kept by no cache and framed by nobody", async () => {
    const { visitor, id } = await newHolder(server, "auditor");
    const { headers } = await visitor.get(whole(path));
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    await server.store.roles.setRole(id, "member");
    expect((await visitor.get(whole(path))).status).toBe(403);
  });

  test("has forms of changes for administrators with a key alone", async () => {
    const sso = await bySingleSignOn(server, administrator.email);
    expect(await read(whole(path))).not.toContain('action="/admin/changes/');
    expect(await read(whole(path), sso)).not.toContain('action="/admin/changes/');
    expect((await sso.get(whole(path))).status).toBe(200);
  });
});

test("an administrator with a key has a form for each change", async () => {
  await server.store.identities.add({ issuer: "https://login.example.com", subject: "s" }, auditor.id, server.now());
  await server.store.scimTokens.add("entra", sha256("entra"), server.now());
  const mine = administrator.visitor;
  const about = [
    "/admin/groups",
    "/admin/invites",
    "/admin/scim",
    "/admin/profiles",
    "/admin/profile?name=company",
    "/admin/group?name=platform",
    `/admin/person?email=${auditor.email}`,
  ];
  const pages = await Promise.all(about.map((path) => read(path, mine)));
  const locked = await newHolder(server, "member");
  await server.store.accounts.setDisabled(locked.id, server.now());
  await server.store.provisioned.setState(locked.id, "managed");
  pages.push(await read(`/admin/person?email=${locked.email}`, mine));
  for (const type of changeTypes) expect(pages.join("")).toContain(`action="/admin/changes/${type}"`);
});

test("the navigation leads auditors and administrators there, and no member", async () => {
  expect(await read("/")).toContain('href="/admin"');
  const member = await newHolder(server, "member");
  expect(await read("/", member.visitor)).not.toContain('href="/admin"');
  expect(await read("/activity", member.visitor)).not.toContain("Admin");
});

describe("people", () => {
  const listed = async (path: string) =>
    [...(await read(path)).matchAll(/<a href="\/admin\/person\?email=([^"]*)"/g)].map(([, email]) =>
      decodeURIComponent(email!),
    );

  test("are found by address or name, role and state; empty fields count as none", async () => {
    const { email, id } = await newHolder(server, "member");
    await server.store.accounts.setDisabled(id, server.now());
    expect(await listed("/admin/people?search=&role=auditor&state=&after=")).toContain(auditor.email);
    expect(await listed("/admin/people?search=&role=auditor&state=")).not.toContain(administrator.email);
    expect(await listed(`/admin/people?search=${email.toUpperCase()}&state=disabled`)).toEqual([email]);
    expect(await listed(`/admin/people?search=${email}&state=enabled`)).toEqual([]);
    expect((await auditor.visitor.get("/admin/people?role=root")).status).toBe(400);
  });

  test("come page by page, with the filter", async () => {
    const users = Array.from({ length: 120 }, (_, index) => `paged-${String(index).padStart(3, "0")}@example.org`);
    await server.store.transaction(async ({ accounts }) => {
      for (const user of users) await accounts.add(user, server.now());
    });
    const seen: string[] = [];
    for (let path: string | undefined = "/admin/people?search=paged-"; path !== undefined;) {
      const page = await read(path);
      seen.push(...(await listed(path)));
      path = /href="([^"]*)">\s*Next page/.exec(page)?.[1]?.replaceAll("&amp;", "&");
      expect(seen.length).toBeLessThanOrEqual(users.length);
    }
    expect(seen).toEqual(users);
  });

  test("one is shown with keys, sessions, groups, identities and what they did", async () => {
    const identity = { issuer: "https://login.example.com", subject: "subject-42" };
    await server.store.identities.add(identity, auditor.id, server.now());
    const [own] = await server.store.credentials.ofUser(auditor.id);
    await server.store.credentials.setProof(own!.id, {
      by: "metadata",
      model: "Model <9>",
      hardware: true,
      certified: ["FIDO_CERTIFIED_L2"],
    });
    const page = await read(`/admin/person?email=${auditor.email}`, administrator.visitor);
    const shown = [
      "first",
      "Model &lt;9&gt;",
      "proved",
      "by FIDO metadata, FIDO_CERTIFIED_L2",
      "A browser",
      "platform",
      "subject-42",
      "page sign in",
    ];
    for (const text of shown) expect(page).toContain(text);
    await server.store.credentials.setProof(own!.id, undefined);
    expect(await read(`/admin/person?email=${auditor.email}`)).toContain("claimed by the key");
    for (const path of [
      "/admin/person?email=nobody@example.com",
      "/admin/profile?name=nope",
      "/admin/group?name=nope",
    ]) {
      const nothing = await auditor.visitor.get(path);
      expect([path, nothing.status, (await nothing.text()).includes('href="/admin"')]).toEqual([path, 404, true]);
    }
  });
});

test("groups and their people come page by page", async () => {
  const { id } = (await server.store.groups.create("large", "scim", server.now()))!;
  await server.store.transaction(async ({ accounts, groups }) => {
    for (let count = 100; count < 160; count++) {
      const user = await accounts.add(`member-of-large-${count}@example.org`, server.now());
      await groups.join(id, user!.id, "scim");
      await groups.create(`group ${count}`, "local", server.now());
    }
  });
  const groups = await read("/admin/groups");
  expect(groups).toContain("group 100");
  expect(groups).not.toContain("group 159");
  expect(await read("/admin/groups?after=group+149")).toContain("group 159");
  expect(await read("/admin/groups?after=group+149")).toContain("announced to AWS");
  const first = await read("/admin/group?name=large");
  expect(first).toContain("member-of-large-100@");
  const next = /href="([^"]*)">\s*Next page/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
  expect(await read(next)).toContain("member-of-large-159@");
  expect(await read(next)).not.toContain("member-of-large-100@");
  // What the identity provider says is not the administrator's to take back.
  const asAdministrator = await read("/admin/group?name=large", administrator.visitor);
  expect(asAdministrator).not.toContain("/admin/changes/leave-group");
  expect(asAdministrator).not.toContain("/admin/changes/rename-group");
});

test("open codes come page by page, the next to expire first, and no used or old one", async () => {
  const { accounts } = server.store;
  const now = server.now();
  await server.store.transaction(async (tables) => {
    for (let count = 100; count < 160; count++) {
      await tables.accounts.invite(`invited-${count}@example.org`, sha256(`code ${count}`), now, now + 100);
    }
  });
  const used = await accounts.invite("used@example.org", sha256("used"), now, now + 50);
  await accounts.claimInvite(sha256("used"), used.id, now);
  await accounts.invite("old@example.org", sha256("old"), now - 100, now);
  await accounts.invite("soon@example.org", sha256("soon"), now, now + 1);
  const seen: string[] = [];
  for (let path: string | undefined = "/admin/invites"; path !== undefined && seen.length < 200;) {
    const page = await read(path);
    seen.push(...[...page.matchAll(/person\?email=([^"]*)"/g)].map(([, email]) => decodeURIComponent(email!)));
    path = /href="([^"]*)">\s*Next page/.exec(page)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(seen[0]).toBe("soon@example.org");
  expect(seen.filter((each) => each.startsWith("invited-")).toSorted()).toHaveLength(60);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).not.toContain("used@example.org");
  expect(seen).not.toContain("old@example.org");
  for (const after of ["x", "1_", "1_'", "99999999999999_a"])
    expect((await auditor.visitor.get(`/admin/invites?after=${after}`)).status).toBe(400);
});

describe("the audit log", () => {
  const rows = (page: string) => page.replaceAll("<wbr>", "").split('<tr role="row">').slice(2);

  test("has the filters of the command line", async () => {
    const { email, key, id } = await newHolder(server, "member");
    for (const who of [email, id, key.id]) {
      const found = rows(await read(`/admin/audit?who=${who}&event=page_sign_in&since=&until=`));
      expect(found.length).toBe(1);
      expect(found[0]).toContain(email);
    }
    expect(rows(await read(`/admin/audit?who=${email}&until=1h`))).toEqual([]);
    expect(rows(await read(`/admin/audit?who=${email}&since=1h`)).length).toBeGreaterThan(0);
    for (const wrong of ["since=yesterday", "event=nothing", "before=x", "who=a&who=b"])
      expect([wrong, (await auditor.visitor.get(`/admin/audit?${wrong}`)).status]).toEqual([wrong, 400]);
    for (const part of ["", "/export"])
      expect(await read(`/admin/audit${part}?since=yesterday`)).toContain(
        "Expected &quot;Since&quot; with a point in time, got &quot;yesterday&quot;.",
      );
    expect(await read("/admin/audit?event=nothing")).toContain("Expected the name of an event in &quot;Event&quot;.");
    expect(await read("/admin/people?role=root")).toContain(
      "Expected member, auditor or administrator in &quot;Role&quot;.",
    );
    expect(await read("/admin?period=99d")).toContain(
      "Expected 24h, 7d, 30d or 90d in the hidden field &quot;period&quot;.",
    );
  });

  test("comes page by page, with the filter", async () => {
    const about = { id: "many", email: "many@example.com" };
    await server.store.transaction(async ({ record }) => {
      for (let count = 0; count < 120; count++)
        await record({ event: "login", user: about, address: "203.0.113.9", detail: { client: `laptop-${count}.` } });
    });
    const seen: string[] = [];
    for (let path: string | undefined = "/admin/audit?who=many@example.com"; path !== undefined && seen.length < 200;) {
      const page = await read(path);
      seen.push(...[...page.matchAll(/client=(laptop-\d+)\./g)].map(([, name]) => name!));
      path = /href="([^"]*)">\s*Older/.exec(page)?.[1]?.replaceAll("&amp;", "&");
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => `laptop-${119 - index}`));
  });

  test("is exported as JSON lines, the oldest first, with the filter, for a download", async () => {
    const answer = await auditor.visitor.get("/admin/audit/export?who=many@example.com&event=");
    expect(answer.headers.get("content-type")).toBe("application/jsonl; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="vouch-audit.jsonl"');
    const lines = (await answer.text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).detail.client)).toEqual(
      Array.from({ length: 120 }, (_, index) => `laptop-${index}.`),
    );
    expect(await read("/admin/audit/export?who=nobody")).toBe("");
    expect((await auditor.visitor.get("/admin/audit/export?since=x")).status).toBe(400);
  });

  test.each<[string, (id: string) => Promise<unknown>]>([
    ["session", async (id) => server.store.sessions.revokeAll(id, server.now())],
    ["role", async (id) => server.store.roles.setRole(id, "member")],
  ])("breaks an export off once the %s has ended", async (_name, end) => {
    const { visitor, id } = await newHolder(server, "auditor");
    await server.store.transaction(async ({ record }) => {
      const detail = { client: "x".repeat(5000) };
      for (let count = 0; count < 600; count++) await record({ event: "login", user: { id, email: "x" }, detail });
    });
    // Between the two pages that the log is read in.
    const { audit } = server.store;
    const page = audit.page.bind(audit);
    let pages = 0;
    audit.page = async (...asked) => {
      if (++pages === 2) await end(id);
      return await page(...asked);
    };
    const answer = await visitor.get(`/admin/audit/export?who=${id}`);
    const exported = answer.status === 200 ? await answer.text().catch(() => undefined) : undefined;
    audit.page = page;
    // What broke off, fetch may have asked for again: that is refused.
    expect(exported).toBeUndefined();
  });
});

test("logins and refusals are drawn, and are there as a table", async () => {
  const start = server.now() - (server.now() % 86400);
  for (const period of ["24h", "7d", "30d", "90d"]) {
    const page = await read(`/admin?period=${period}`);
    expect(page).toContain('role="img" aria-label="Logins for each');
    expect(page).toContain('aria-label="Logins and refusals"');
    const count = { "24h": 24, "7d": 7, "30d": 30, "90d": 90 }[period]!;
    expect(page.match(/<rect class="accent"/g)).toHaveLength(count);
    expect(page).not.toContain("NaN");
  }
  const day = new Date(start * 1000).toISOString().slice(0, 10);
  expect(await read("/admin")).toContain(`data-label="Day">${day}</th>`);
  expect((await auditor.visitor.get("/admin?period=99d")).status).toBe(400);
});

test("the server's keys have their ages, and the policy is there in words", async () => {
  const page = await read("/admin/keys");
  const [key] = await server.store.signingKeys.all();
  expect(page).toContain(key!.kid);
  expect(page).toContain("less than a day");
  expect(page).toContain("<dd>every key is taken</dd>");
  expect(page).toContain("signing-keys encrypt --help");
});
