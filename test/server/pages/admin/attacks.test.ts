/** Markup of strangers stays text on the pages of administrators, and no link makes them say anything. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sha256 } from "../../../../src/server/random.ts";
import { startTestServer, type TestServer } from "../../test-server.ts";
import { type Holder, newHolder } from "../visitor.ts";

let server: TestServer;
let administrator: Holder;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  administrator = await newHolder(server, "administrator");
});
afterAll(() => server.stop());

const read = async (path: string) => await (await administrator.visitor.get(path)).text();

describe("markup that strangers write", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;\u202E`;

  test("is text in everything that they can write", async () => {
    const { store } = server;
    const { id, email, key } = await newHolder(server, "member");
    const now = server.now();
    await store.identities.add({ issuer: `https://idp/${hostile}`, subject: hostile }, id, now);
    await store.credentials.rename(id, key.id, hostile);
    await store.scimTokens.add(hostile, sha256(hostile), now);
    await store.credentials.setProof(key.id, { by: "root", model: hostile, hardware: true, certified: [hostile] });
    const { id: group } = (await store.groups.create(hostile, "scim", now))!;
    await store.groups.join(group, id, "scim");
    await store.laptopProfiles.set(hostile, group, "{}", now);
    const jkt = "jkt";
    await store.sessions.add(
      sha256("hostile"),
      { user: { id, email, disabled: false }, jkt, credentialId: key.id, createdAt: now, expiresAt: now + 60 },
      hostile,
    );
    const odd = (await store.accounts.add(`${hostile}@example.com`, now))!;
    await store.accounts.invite(odd.email, sha256("odd"), now, now + 2);
    await store.groups.join(group, odd.id, "sso");
    await store.transaction(async ({ record }) => {
      const detail = { [hostile]: hostile, list: [hostile] };
      const fact = { event: "refuse", user: odd, credential: hostile, address: hostile, by: hostile } as const;
      await record({ ...fact, reason: hostile, detail });
    });
    const encoded = encodeURIComponent(hostile);
    const pages = [
      "/admin",
      `/admin/people?search=${encoded}`,
      `/admin/person?email=${email}`,
      `/admin/person?email=${encodeURIComponent(odd.email)}`,
      `/admin/groups?after=!`,
      `/admin/group?name=${encoded}`,
      "/admin/invites",
      "/admin/scim",
      "/admin/profiles",
      `/admin/profile?name=${encoded}`,
      `/admin/audit?who=${encoded}`,
    ];
    for (const path of pages) {
      const answer = await administrator.visitor.get(path);
      const page = await answer.text();
      expect([path, answer.status]).toEqual([path, 200]);
      expect([path, /<script>|<img|onerror=alert\(1\)>"/.test(page), page.includes("&lt;script&gt;")]).toEqual([
        path,
        false,
        true,
      ]);
    }
    const exported = await read(`/admin/audit/export?who=${encoded}`);
    expect(exported).not.toContain("\u202E");
    expect(JSON.parse(exported).by).not.toContain("\u202E");
  });

  test("is text in a query, and in what a refusal says", async () => {
    for (const path of ["/admin/people?search=", "/admin/audit?who=", "/admin/person?email=", "/admin/group?name="]) {
      const page = await read(path + encodeURIComponent(hostile.replace("\u202E", "")));
      expect([path, /<script>|<img/.test(page)]).toEqual([path, false]);
    }
    const page = await read(`/admin/audit?since=${encodeURIComponent(hostile)}`);
    expect(page).not.toContain("<script>");
  });

  test("of another site opens nothing: a link makes no page say anything", async () => {
    expect(await read("/admin?done=disable")).not.toContain("notice");
    expect(await read("/admin/people?done=<b>0123</b>")).not.toContain("0123");
  });
});
