/** Chromium with a virtual security key, at a test server's pages. */
import { launch, type Browser, type CDPSession, type ElementHandle, type Page } from "puppeteer-core";
import axe from "axe-core/axe.min.js" with { type: "text" };
import type { TestSecurityKey } from "../webauthn/security-key.ts";
import type { TestServer } from "../test-server.ts";

/** The server's URL in the browser: WebAuthn and Secure cookies want https, or this name. */
export const localUrl = "http://localhost";

/** Starts Chromium, for which the server is at `localUrl`. */
export async function startBrowser(server: TestServer): Promise<Browser> {
  return await launch({
    executablePath: Bun.which("chromium")!,
    // root has no sandbox in a container; the pages are our own.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--lang=en-GB",
      `--host-resolver-rules=MAP localhost:80 ${new URL(server.base).host}`,
    ],
    env: { ...process.env, TZ: "UTC" },
    protocolTimeout: 600_000,
  });
}

export interface VirtualKey {
  /** Whether it is touched as soon as it is asked. */
  touches(isTouched: boolean): Promise<void>;
  unplug(): Promise<void>;
}

/** A tab with what it has complained about: errors of scripts, and what the content security policy stopped. */
export class Tab {
  readonly page: Page;
  readonly complaints: string[] = [];
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  /** Opens a tab that shares nothing with others. */
  static async open(browser: Browser): Promise<Tab> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const session = await page.createCDPSession();
    await session.send("WebAuthn.enable");
    return new Tab(page, session);
  }

  /** Plugs in a security key: an empty one, or one with these credentials. */
  async plugIn(...keys: TestSecurityKey[]): Promise<VirtualKey> {
    const { authenticatorId } = await this.#session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "usb",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    for (const key of keys) {
      const credential = { ...key.exported(), isResidentCredential: true, rpId: new URL(localUrl).hostname };
      await this.#session.send("WebAuthn.addCredential", { authenticatorId, credential });
    }
    return this.#handle(authenticatorId);
  }

  /**
   * A key that is part of the computer (`internal`: Touch ID, Windows Hello) or of a phone (`cable`, which is hybrid), and
   * verifies who uses it; `isSynced`: its provider copies its passkeys to other devices.
   */
  async builtIn(transport: "internal" | "cable", { isSynced }: { isSynced: boolean }): Promise<VirtualKey> {
    const { authenticatorId } = await this.#session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        ctap2Version: "ctap2_1",
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: isSynced,
        defaultBackupState: isSynced,
      },
    });
    return this.#handle(authenticatorId);
  }

  #handle(authenticatorId: string): VirtualKey {
    return {
      touches: async (enabled) => {
        await this.#session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
      },
      unplug: async () => {
        await this.#session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
      },
    };
  }

  /** Shows the page with this width, in pixels, and this colour scheme. */
  async shownAs(width: number, scheme: "light" | "dark"): Promise<void> {
    await this.page.setViewport({ width, height: 800, deviceScaleFactor: 1 });
    await this.page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      // So that no picture is of a change under way.
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
  }

  async goTo(path: string): Promise<void> {
    await this.page.goto(localUrl + path);
  }

  /** Clicks the button or link with this text, within the first element of the selector. */
  async click(text: string, within = "body"): Promise<void> {
    const found = await this.page.evaluateHandle(
      `[...document.querySelector(${JSON.stringify(within)}).querySelectorAll("button, a, summary")].find(
        (each) => each.textContent.includes(${JSON.stringify(text)}))`,
    );
    const element = found.asElement();
    if (element === null) throw new Error(`nothing says "${text}" in ${within}: ${await this.text()}`);
    await (element as ElementHandle<never>).click();
  }

  /** Clicks, and waits for the page that follows. */
  async clickThrough(text: string, within?: string): Promise<void> {
    const followed = this.page.waitForNavigation();
    await this.click(text, within);
    await followed;
  }

  /** Does something whenever the page is about to send a request for this path. */
  async before(path: string, work: () => Promise<void>): Promise<void> {
    await this.page.setRequestInterception(true);
    this.page.on("request", (request) => {
      const ready = request.url() === localUrl + path ? work() : Promise.resolve();
      void ready.then(() => request.continue());
    });
  }

  /** Replaces the text of a field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.page.click(selector, { count: 3 });
    await this.page.keyboard.type(text);
  }

  /** A selector of the row of a table that begins with this text. */
  async rowOf(table: string, text: string): Promise<string> {
    const rows = `[...document.querySelectorAll('table[aria-label="${table}"] tbody tr')]`;
    const index = (await this.page.evaluate(
      `${rows}.findIndex((each) => each.innerText.trim().startsWith("${text}"))`,
    )) as number;
    if (index < 0) throw new Error(`the table ${table} has no row ${text}: ${await this.text()}`);
    return `table[aria-label="${table}"] tbody tr:nth-child(${index + 1})`;
  }

  async text(): Promise<string> {
    return (await this.page.evaluate("document.body.innerText")) as string;
  }

  /** What axe-core finds wrong for people with disabilities (WCAG 2.2, A and AA), and what is wider than the screen. */
  async faults(): Promise<string[]> {
    await this.page.evaluate(axe);
    const run = "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })";
    const { violations } = (await this.page.evaluate(run)) as {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    };
    const isTooWide = (await this.page.evaluate(
      "document.documentElement.scrollWidth > document.documentElement.clientWidth",
    )) as boolean;
    return [
      ...violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
      ),
      ...(isTooWide ? ["wider than the screen"] : []),
    ];
  }

  /** Keeps a picture, where `VOUCH_TEST_PICTURES` names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env["VOUCH_TEST_PICTURES"];
    if (folder !== undefined) await this.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }
}
