/** Keys that are part of a computer or a phone, in Chromium: added at the page, for the pages and for a login; and refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "puppeteer-core";
import { requires } from "../../requires.ts";
import { BrowserClient, codeIn } from "../oauth/browser-client.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { localUrl, startBrowser, Tab, type VirtualKey } from "./browser.ts";

const rateLimits = { enroll: 1e6, login: 1e6, token: 1e6 };

/** A server with this policy, in a browser. */
async function started(policy: Parameters<typeof startTestServer>[0]) {
  const server = await startTestServer({ url: localUrl, rateLimits, ...policy });
  const browser = await startBrowser(server);
  return { server, browser };
}

/** Signs in a new person, whose security key is plugged in. */
async function signedIn(server: TestServer, browser: Browser, email: string): Promise<{ tab: Tab; mine: VirtualKey }> {
  const key = new TestSecurityKey();
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, localUrl), name: "mine" });
  const tab = await Tab.open(browser);
  const mine = await tab.plugIn(key);
  await tab.goTo("/");
  await tab.clickThrough("Sign in with a security key");
  return { tab, mine };
}

/** Fills in the form that adds a key: the built-in one makes itself known, then the enrolled one is touched. */
async function adds(tab: Tab, mine: VirtualKey, builtIn: VirtualKey): Promise<void> {
  await mine.touches(false);
  await tab.before("/keys/add/approval", async () => {
    await builtIn.touches(false);
    await mine.touches(true);
  });
  await tab.click("Add a security key");
  await tab.fill("#new-key-name", "part of it");
  await tab.click("Add a key");
}

const said = (tab: Tab, text: string) =>
  tab.page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`);

describe.skipIf(!requires("chromium"))("in Chromium", () => {
  describe("where the login in the browser is on", () => {
    let at: Awaited<ReturnType<typeof started>>;
    beforeAll(async () => {
      at = await started({ browserLogin: { publish: false } });
    });
    afterAll(async () => {
      await at?.browser.close();
      await at?.server.stop();
    });

    test.each([
      ["internal", "internal"],
      ["cable", "hybrid"],
    ] as const)("a key by %s is added, signs in, and opens a session of a terminal", async (transport, known) => {
      const { server, browser } = at;
      const email = `${transport}@example.com`;
      const { tab, mine } = await signedIn(server, browser, email);
      const builtIn = await tab.builtIn(transport, { isSynced: false });
      await adds(tab, mine, builtIn);
      await said(tab, "The security key was added.");
      const user = (await server.store.accounts.findUser(email))!;
      const [, added] = await server.store.credentials.ofUser(user.id);
      expect(added).toMatchObject({ name: "part of it", backupEligible: false, backedUp: false });
      expect(added!.transports).toContain(known);

      await mine.unplug();
      await builtIn.touches(true);
      await tab.clickThrough("Sign out");
      await tab.clickThrough("Sign in with a security key");
      expect(await tab.text()).toContain("signed in with part of it");

      const terminal = await BrowserClient.typed(server);
      await tab.goTo(await terminal.path());
      await tab.clickThrough("Log in", "main");
      const { status, body } = await terminal.redeem(codeIn(await tab.page.content()));
      expect([status, body.user]).toEqual([200, email]);
      expect(tab.complaints.filter((complaint) => !complaint.includes("favicon"))).toEqual([]);
    });

    test.each(["internal", "cable"] as const)("a synced passkey by %s is refused in plain words", async (transport) => {
      const { server, browser } = at;
      const email = `synced-${transport}@example.com`;
      const { tab, mine } = await signedIn(server, browser, email);
      await adds(tab, mine, await tab.builtIn(transport, { isSynced: true }));
      await said(tab, "it is a passkey that can be synced");
      const user = (await server.store.accounts.findUser(email))!;
      expect(await server.store.credentials.ofUser(user.id)).toHaveLength(1);
    });
  });

  test("a synced passkey is added where the server allows them, and signs in", async () => {
    const { server, browser } = await started({ browserLogin: { publish: false }, allowSyncedPasskeys: true });
    try {
      const { tab, mine } = await signedIn(server, browser, "synced@example.com");
      const builtIn = await tab.builtIn("internal", { isSynced: true });
      await adds(tab, mine, builtIn);
      await said(tab, "The security key was added.");
      const user = (await server.store.accounts.findUser("synced@example.com"))!;
      const [, added] = await server.store.credentials.ofUser(user.id);
      expect(added).toMatchObject({ backupEligible: true, backedUp: true });
      await mine.unplug();
      await builtIn.touches(true);
      await tab.clickThrough("Sign out");
      await tab.clickThrough("Sign in with a security key");
      expect(await tab.text()).toContain("signed in with part of it");
    } finally {
      await browser.close();
      await server.stop();
    }
  });

  test("where the login in the browser is off, a phone's key is refused, and the page says how it would be taken", async () => {
    const { server, browser } = await started({});
    try {
      const { tab, mine } = await signedIn(server, browser, "off@example.com");
      await adds(tab, mine, await tab.builtIn("cable", { isSynced: false }));
      await said(tab, "it is part of a phone or computer");
      await said(tab, "--browser-login on");
      const terminal = await BrowserClient.typed(server);
      await tab.goTo(await terminal.path());
      expect(await tab.text()).toContain("people log in with a security key");
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
