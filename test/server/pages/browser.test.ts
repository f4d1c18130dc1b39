/** The pages in Chromium, with a virtual security key: what people do there, and how it looks to everybody. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "puppeteer-core";
import { requires } from "../../requires.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { BrowserClient } from "../oauth/browser-client.ts";
import { sha256 } from "../../../src/server/random.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { atLocalUrl, localUrl, startBrowser, Tab } from "./browser.ts";

const widths = [1200, 360];
const schemes = ["light", "dark"] as const;

/** Somebody with two keys and sessions on two laptops. */
async function somebody(server: TestServer, email: string): Promise<TestSecurityKey> {
  const key = new TestSecurityKey();
  for (const [name, each] of [
    ["blue YubiKey on my keys", key],
    ["spare, in the drawer", new TestSecurityKey()],
  ] as const) {
    const code = await server.invite(email);
    const { ceremony, options } = await server.enrollOptions(code);
    await server.post("/v1/enroll", { ceremony, code, credential: each.register(options, localUrl), name });
    server.advance(3600);
  }
  for (const client of ["lisbon-laptop", "build-box"]) {
    const { ceremony, options } = await server.loginOptions();
    const proof = await (await DpopKey.generate()).proof({ url: `${localUrl}/oauth/token`, now: server.now() });
    const credential = JSON.stringify(key.authenticate(options, localUrl));
    const login = { grant_type: webauthnGrant, ceremony, credential, client };
    expect((await server.form("/oauth/token", login, { dpop: proof })).status).toBe(200);
    server.advance(1800);
  }
  return key;
}

describe.skipIf(!requires("chromium"))("in Chromium", () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    server = await startTestServer({
      url: localUrl,
      browserLogin: { publish: false },
      rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
    });
    browser = await startBrowser(atLocalUrl(server));
  });
  afterAll(async () => {
    await browser?.close();
    await server.stop();
  });

  /** Looks at the page in each width and colour scheme. */
  async function looksRight(tab: Tab, name: string): Promise<void> {
    for (const width of widths) {
      for (const scheme of schemes) {
        await tab.shownAs(width, scheme);
        await tab.picture(`${name}-${width}-${scheme}`);
        expect({ name, width, scheme, faults: await tab.faults() }).toEqual({ name, width, scheme, faults: [] });
      }
    }
    await tab.shownAs(1200, "light");
  }

  test("a person signs in, renames, adds and removes a key, ends a session and signs out", async () => {
    const key = await somebody(server, "alexandra@example.com");
    const user = (await server.store.accounts.findUser("alexandra@example.com"))!;
    const tab = await Tab.open(browser);
    const plugged = await tab.plugIn(key);
    await tab.goTo("/");
    await looksRight(tab, "sign-in");
    await tab.clickThrough("Sign in with a security key");
    expect(await tab.text()).toContain("alexandra@example.com");
    await looksRight(tab, "my-page");

    const row = await tab.rowOf("Security keys", "spare");
    await tab.click("Change", row);
    await looksRight(tab, "my-page-change");
    await tab.fill(`${row} input[type="text"]`, "spare, at home");
    await tab.clickThrough("Rename", row);
    expect(await tab.text()).toContain("The security key has its new name.");
    expect(await tab.text()).toContain("spare, at home");

    // Only the new key is touched at first, then only the old one.
    await plugged.touches(false);
    const empty = await tab.plugIn();
    await tab.before("/keys/add/approval", async () => {
      await empty.unplug();
      await plugged.touches(true);
    });
    await tab.click("Add a security key");
    await tab.fill("#new-key-name", "travel key");
    await tab.clickThrough("Add a key");
    expect(await tab.text()).toContain("The security key was added.");
    await looksRight(tab, "my-page-added");

    const added = await tab.rowOf("Security keys", "travel key");
    await tab.click("Change", added);
    await tab.clickThrough("Remove this key", added);
    expect(await tab.text()).toContain("The security key was removed");
    expect((await server.store.credentials.ofUser(user.id)).map(({ name }) => name)).not.toContain("travel key");

    await tab.clickThrough("End", await tab.rowOf("Sessions", "build-box"));
    expect(await tab.text()).toContain("The session has ended.");
    const left = async () => (await server.store.sessions.ofUser(user.id, server.now())).map(({ client }) => client);
    expect(await left()).toEqual(["lisbon-laptop"]);
    await tab.clickThrough("End all others");
    expect(await left()).toEqual([]);
    await tab.clickThrough("Sign out");
    expect(await tab.text()).toContain("You have signed out.");
    expect(tab.complaints).toEqual([]);
  });

  test("10,000 entries of activity are read page by page, and a refusal is a page that reads well, too", async () => {
    const email = "busy@example.com";
    const key = await somebody(server, email);
    const user = (await server.store.accounts.findUser(email))!;
    await server.store.transaction(async ({ record }) => {
      const about = { user, credential: key.id, address: "2001:db8:1234:5678:9abc:def0:1234:5678" };
      for (let count = 0; count < 2500; count++) {
        await record({ ...about, event: "login", detail: { client: `laptop-with-a-rather-long-name-${count}` } });
        await record({ ...about, event: "token", detail: { audience: "sts.amazonaws.com" } });
        await record({
          ...about,
          event: "refuse",
          reason: "the session has expired",
          detail: { path: "/oauth/token" },
        });
        await record({ ...about, event: "publish" });
      }
    });
    const tab = await Tab.open(browser);
    await tab.plugIn(key);
    await tab.goTo("/activity");
    await tab.clickThrough("Sign in with a security key");
    expect(await tab.text()).toContain("laptop-with-a-rather-long-name-2499");
    await looksRight(tab, "activity");
    await tab.clickThrough("Older");
    expect(await tab.text()).not.toContain("laptop-with-a-rather-long-name-2499");
    expect(await tab.text()).toContain("laptop-with-a-rather-long-name-2480");
    await tab.clickThrough("Newest");
    expect(await tab.text()).toContain("laptop-with-a-rather-long-name-2499");
    expect(tab.complaints).toEqual([]);

    await tab.goTo("/activity?before=x");
    await looksRight(tab, "refusal");
  });

  test("an administrator reads one row and 10,000 of each list, and changes what a touch is given for", async () => {
    const key = await somebody(server, "chief@example.com");
    const { store } = server;
    const chief = (await store.accounts.findUser("chief@example.com"))!;
    await store.roles.setRole(chief.id, "administrator");
    const tab = await Tab.open(browser);
    await tab.plugIn(key);
    await tab.goTo("/admin");
    await tab.clickThrough("Sign in with a security key");
    await tab.clickThrough("People", "nav.parts");
    await tab.fill("#search", "chief@");
    await tab.clickThrough("Find");
    await looksRight(tab, "admin-people-one");

    await tab.clickThrough("Groups", "nav.parts");
    await looksRight(tab, "admin-groups-none");
    await tab.click("Make a group");
    await tab.fill("#group", "platform");
    await tab.clickThrough("Make it");
    expect(await tab.text()).toContain("The group was made.");
    await tab.click("Add a person");
    await tab.fill("#email", "chief@example.com");
    await tab.clickThrough("Add", "#members ~ details .disclosed");
    expect(await tab.text()).toContain("The person was added to the group.");
    await looksRight(tab, "admin-group-one");

    await tab.clickThrough("SCIM", "nav.parts");
    await tab.click("Make a token");
    await looksRight(tab, "admin-scim-none");
    await tab.fill("#token", "entra");
    await tab.clickThrough("Make it");
    expect(await tab.text()).toMatch(/vouch-scim-[\w-]{43}/);
    await looksRight(tab, "admin-scim-made");
    await tab.clickThrough("All tokens");
    await tab.click("Remove", await tab.rowOf("Tokens", "entra"));
    await looksRight(tab, "admin-scim");

    await tab.clickThrough("Profiles", "nav.parts");
    await tab.click("Announce something");
    await looksRight(tab, "admin-profiles-none");
    await tab.fill("#profile", "company");
    await tab.fill("#for-group", "platform");
    const aws = { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" };
    await tab.fill("#profile-text", JSON.stringify({ aws }));
    await tab.clickThrough("Announce it");
    expect(await tab.text()).toContain("The profile is announced.");
    await tab.click("Announce something else");
    await looksRight(tab, "admin-profile");
    await tab.clickThrough("Profiles", "nav.parts");
    await looksRight(tab, "admin-profiles");
    await tab.goTo("/admin/person?email=chief@example.com");
    expect(await tab.text()).toContain("arn:aws:iam::123456789012:role/vouch-developer");
    await tab.click("Link an account");
    await tab.fill("#subject", "248289761001");
    await tab.fill("#issuer", "https://login.example.com/realms/staff");
    await tab.clickThrough("Link it");
    await tab.click("Let SCIM take them up");
    await tab.click("Unlink", await tab.rowOf("Identities", "248289761001"));
    await looksRight(tab, "admin-person-linked");

    await tab.clickThrough("Invites", "nav.parts");
    await looksRight(tab, "admin-invites-none");
    await tab.click("Invite somebody");
    await tab.fill("#email", "New.Colleague@example.com");
    await tab.clickThrough("Make a code");
    expect(await tab.text()).toContain("vouch enroll --server");
    await looksRight(tab, "admin-invited");
    await tab.clickThrough("new.colleague@example.com");
    await tab.click("Lock out");
    await looksRight(tab, "admin-person-new");
    await tab.clickThrough("Lock them out");
    expect(await tab.text()).toContain("The person is locked out");
    expect((await store.accounts.findUser("new.colleague@example.com"))?.disabled).toBe(true);

    await store.transaction(async (tables) => {
      const now = server.now();
      const platform = (await tables.groups.findByName("platform"))!;
      for (let count = 0; count < 10_000; count++) {
        const email = `a-person-with-a-rather-long-name-${count}@subsidiary.example.com`;
        const { id } = await tables.accounts.invite(email, `code-${count}`, now, now + 1e8 + count);
        await tables.groups.join(platform.id, id, count % 2 === 0 ? "scim" : "local");
        await tables.groups.create(
          `a group with a rather long name, for the region number ${count}`.replace(",", ""),
          "scim",
          now,
        );
        const user = { id, email };
        if (count % 3 === 0)
          await tables.record({ event: "login", user, address: "2001:db8::1", detail: { client: "laptop" } });
        else if (count % 40 === 0)
          await tables.record({ event: "refuse", user, address: "203.0.113.7", reason: "the session has expired" });
        if (count % 150 === 0) server.advance(10 * 3600 + count * 7);
      }
    });
    await tab.goTo("/admin");
    await tab.clickThrough("Sign in with a security key");
    await looksRight(tab, "admin-overview");
    await tab.click("The same as a table");
    await looksRight(tab, "admin-overview-table");
    for (const [link, name] of [
      ["People", "people"],
      ["Groups", "groups"],
      ["Invites", "invites"],
      ["Audit log", "audit"],
      ["Keys of the server", "keys"],
    ] as const) {
      await tab.clickThrough(link, "nav.parts");
      await looksRight(tab, `admin-${name}`);
    }
    await tab.goTo("/admin/group?name=platform");
    await looksRight(tab, "admin-group");
    await tab.clickThrough("Next page");
    await looksRight(tab, "admin-group-next");
    await tab.goTo("/admin/person?email=chief@example.com");
    await looksRight(tab, "admin-person");
    expect(tab.complaints).toEqual([]);
  });

  test("what can be read is there without scripts, and times are in UTC", async () => {
    const key = await somebody(server, "noscript@example.com");
    const tab = await Tab.open(browser);
    await tab.plugIn(key);
    await tab.goTo("/");
    await tab.clickThrough("Sign in with a security key");
    await tab.page.setJavaScriptEnabled(false);
    await tab.goTo("/");
    for (const text of ["noscript@example.com", "blue YubiKey", "build-box", "UTC"])
      expect(await tab.text()).toContain(text);
    await tab.clickThrough("Sign out");
    expect(await tab.text()).toContain("allow scripts for this page");
    await tab.page.setJavaScriptEnabled(true);
  });

  test("a person logs in to a terminal, by a redirection and by a code that is typed, and cancels", async () => {
    const key = await somebody(server, "nina@example.com");
    const tab = await Tab.open(browser);
    await tab.plugIn(key);
    const arrived: URL[] = [];
    const terminal = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        arrived.push(new URL(request.url));
        return new Response("You can close this page.");
      },
    });
    const redirectUri = `http://127.0.0.1:${terminal.port}/callback`;
    const asks = async (client: BrowserClient) => tab.goTo(await client.path());
    try {
      const redirected = await BrowserClient.begin(server, redirectUri);
      await asks(redirected);
      await looksRight(tab, "code-asked");
      await tab.click("Log in", "main");
      await tab.page.waitForFunction("document.body.innerText.includes('You can close this page.')");
      const { code, ...rest } = Object.fromEntries(arrived[0]!.searchParams);
      expect([code, rest]).toEqual([expect.stringMatching(/^[\w-]{43}$/), { state: redirected.state, iss: localUrl }]);

      const cancelled = await BrowserClient.begin(server, redirectUri);
      await asks(cancelled);
      await tab.click("Cancel", "main");
      await tab.page.waitForFunction("document.body.innerText.includes('You can close this page.')");
      expect(arrived.find((url) => url.searchParams.get("state") === cancelled.state)?.searchParams.get("error")).toBe(
        "access_denied",
      );

      const typed = await BrowserClient.typed(server);
      const { request_uri: uri } = await typed.fields();
      const asked = (await server.store.pushedRequests.take(sha256(uri)))!;
      await server.store.pushedRequests.add(sha256(uri), {
        ...asked,
        address: "2001:db8:1234:5678:9abc:def0:1234:5678",
      });
      await asks(typed);
      expect(await tab.text()).toContain("The terminal is somewhere else than this browser.");
      await looksRight(tab, "code-asked-elsewhere");
      await tab.clickThrough("Log in", "main");
      expect(await tab.text()).toContain("Type it only into the terminal in which you began");
      expect(await tab.text()).toMatch(/\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b/);
      await looksRight(tab, "code-shown");
      // The icon that Chromium asks the terminal for is none of the page's.
      expect(tab.complaints.filter((complaint) => !complaint.includes("favicon"))).toEqual([]);
    } finally {
      await terminal.stop(true);
    }
  });
});
