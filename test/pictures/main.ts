/**
 * `npm run pictures`: takes the pictures of docs/pictures anew, in Chromium at a server with a company that is made up.
 * Another folder may be named.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { Secret } from "../../src/base/secret.ts";
import { ssoSettings } from "../../src/server/sso/settings.ts";
import { startBrowser, Tab } from "../server/pages/browser.ts";
import { clientId, clientSecret, StrangeProvider } from "../server/sso/strange-provider.ts";
import { origin, startTestServer, type TestServer } from "../server/test-server.ts";
import { makeCompany, subjectOf } from "./company.ts";
import { publish } from "./front.ts";
import { type Picture, pictures } from "./list.ts";
import { encodePng } from "./png.ts";

const folder = process.argv[2] ?? join(import.meta.dir, "../../docs/pictures");
/** Below what the picture shows, in pixels. */
const margin = 24;

/** A tab of somebody whom the identity provider lets in without a question. */
async function openTab(browser: Browser, provider: StrangeProvider): Promise<Tab> {
  const tab = await Tab.open(browser, origin);
  await tab.page.setRequestInterception(true);
  tab.page.on("request", (request) => {
    const isAtProvider = request.url().startsWith(provider.url);
    void (isAtProvider
      ? request.respond({ status: 302, headers: { location: provider.signIn(request.url()).href } })
      : request.continue());
  });
  return tab;
}

async function takeAll(server: TestServer, browser: Browser, provider: StrangeProvider): Promise<void> {
  const { administrator } = await makeCompany(server);
  const signedIn = await openTab(browser, provider);
  await signedIn.plugIn(administrator.key);
  await signedIn.page.setExtraHTTPHeaders({ "x-forwarded-for": administrator.address });
  await signedIn.goTo("/");
  await signedIn.clickThrough("Sign in with a security key");
  mkdirSync(folder, { recursive: true });
  for (const picture of pictures) {
    const tab = picture.who === "administrator" ? signedIn : await openTab(browser, provider);
    const png = await take(tab, picture);
    writeFileSync(join(folder, `${picture.name}.png`), png);
    console.log(`${picture.name}.png: ${Math.ceil(png.length / 1024)} KiB`);
  }
}

/** Throws what the page has complained about. */
async function take(tab: Tab, { name, path, width, scheme, until }: Picture): Promise<Buffer> {
  await tab.shownAs(width, scheme);
  await tab.goTo(path);
  if (tab.complaints.length > 0) throw new Error(`${name}: ${tab.complaints.join("\n")}`);
  const end = `Math.ceil(document.querySelector(${JSON.stringify(until)}).getBoundingClientRect().bottom)`;
  const height = ((await tab.page.evaluate(end)) as number) + margin;
  const clip = { x: 0, y: 0, width, height };
  const taken = await tab.page.screenshot({ clip, captureBeyondViewport: true, encoding: "base64" });
  return encodePng({ width, height, rgba: await pixelsOf(tab, taken) });
}

/** What a PNG file (base64) shows, as its pixels' red, green, blue and alpha. */
async function pixelsOf(tab: Tab, png: string): Promise<Uint8Array> {
  const drawn = `(async () => {
    const bytes = Uint8Array.fromBase64(${JSON.stringify(png)});
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return new Uint8Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer).toBase64();
  })()`;
  return Uint8Array.fromBase64((await tab.page.evaluate(drawn)) as string);
}

const provider = new StrangeProvider();
provider.does.claims = { email: "nora.haugen@example.com", sub: subjectOf("Nora Haugen") };
const configured = ssoSettings({
  "sso-issuer": provider.url,
  "sso-client-id": clientId,
  "sso-name": "Example login",
  "sso-scim-claim": "sub",
})!;
const server = await startTestServer({
  singleSignOn: { ...configured, clientSecret: new Secret(clientSecret) },
  trustProxy: true,
  rateLimits: { enroll: 1e6, login: 1e6, token: 1e6, scim: 1e6 },
});
provider.now = () => server.now();
const front = await publish(server);
const browser = await startBrowser(front.args);
try {
  await takeAll(server, browser, provider);
} finally {
  await browser.close();
  await front.stop();
  await server.stop();
  await provider.stop();
}
