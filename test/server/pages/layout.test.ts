/** Where lines of the pages break, in Chromium. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "puppeteer-core";
import { requires } from "../../requires.ts";
import { BrowserClient } from "../oauth/browser-client.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { atLocalUrl, localUrl, startBrowser, Tab } from "./browser.ts";

const email = "alexandra.of.the.long.name@example.com";

describe.skipIf(!requires("chromium"))("in Chromium", () => {
  let server: TestServer;
  let browser: Browser;
  let tab: Tab;
  beforeAll(async () => {
    server = await startTestServer({
      url: localUrl,
      browserLogin: { publish: false },
      rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
    });
    browser = await startBrowser(atLocalUrl(server));
    const key = new TestSecurityKey();
    const code = await server.invite(email);
    const { ceremony, options } = await server.enrollOptions(code);
    await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, localUrl), name: "yubi" });
    const user = (await server.store.accounts.findUser(email))!;
    await server.store.roles.setRole(user.id, "administrator");
    const reason = "A reason of many words. ".repeat(20);
    await server.store.transaction(({ record }) =>
      record({ event: "refuse", user, credential: key.id, address: "127.0.0.1", reason }),
    );
    tab = await Tab.open(browser);
    await tab.plugIn(key);
    await tab.goTo("/");
    await tab.clickThrough("Sign in with a security key");
  });
  afterAll(async () => {
    await browser?.close();
    await server.stop();
  });

  /** How many lines the text of each such element takes. */
  const lines = async (selector: string) =>
    (await tab.page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
    })`)) as number[];

  /** On how many heights such elements are. */
  const tops = async (selector: string) =>
    (await tab.page.evaluate(
      `new Set([...document.querySelectorAll(${JSON.stringify(selector)})].map(({ offsetTop }) => offsetTop)).size`,
    )) as number;

  /** The width that each column of the first such table has of it. */
  const shares = async (selector: string) =>
    (await tab.page.evaluate(`(() => {
      const table = document.querySelector(${JSON.stringify(selector)});
      return [...table.querySelectorAll("thead th")].map((cell) => cell.offsetWidth / table.offsetWidth);
    })()`)) as number[];

  test.each([1100, 1280])("a short value beside a long one stays whole, %i pixels wide", async (width) => {
    await tab.shownAs(width, "light");
    await tab.goTo("/");
    for (const column of [1, 3, 4])
      expect(new Set(await lines(`#activity ~ table tbody td:nth-child(${column})`))).toEqual(new Set([1]));
    await tab.goTo("/admin");
    const [when = 0, what = 0, about = 0, from = 0] = await shares("#latest ~ table");
    expect(what).toBeGreaterThan(0.4);
    expect(when + what + about + from).toBeCloseTo(1, 1);
    expect(new Set(await lines("#latest ~ table tbody td:first-child"))).toEqual(new Set([1]));
  });

  test.each([390, 1100])("a command in a sentence is not broken at a hyphen, %i pixels wide", async (width) => {
    const client = await BrowserClient.begin(server);
    const { request_uri: uri } = await client.fields();
    await tab.shownAs(width, "light");
    await tab.goTo(`/oauth/authorize?client_id=vouch&request_uri=${encodeURIComponent(uri)}`);
    expect(await lines(".notice code")).toEqual([1]);
  });

  test("the menus of a phone are a line each, and the present page is in sight", async () => {
    await tab.shownAs(390, "light");
    for (const path of ["/admin", "/admin/audit", "/admin/keys"]) {
      await tab.goTo(path);
      expect([await tops(".top nav a"), await tops("nav.parts a")]).toEqual([1, 1]);
      const ends = `(({ left, right }) => left >= 0 && right <= innerWidth)
        (document.querySelector("nav.parts [aria-current]").getBoundingClientRect())`;
      expect([path, await tab.page.evaluate(ends)]).toEqual([path, true]);
    }
  });
});
