/** Single sign-on in Chromium, at a server's public name and npm's oidc-provider. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import type { Browser } from "puppeteer-core";
import { serverUrl } from "../../laptop.ts";
import { atPublicName, startBrowser, Tab } from "../../server/pages/browser.ts";

/** Starts Chromium, for which the server's public name is at this address, with the certificate that it shows there. */
export async function startPublicBrowser(address: string, ca: string): Promise<Browser> {
  const socket = connect({ host: address, port: 443, servername: new URL(serverUrl).hostname, ca });
  await once(socket, "secureConnect");
  const certificate = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return await startBrowser(atPublicName(serverUrl, `${address}:443`, certificate));
}

/** Signs in by the company's account, from a page that leads there; returns the page that follows. */
export async function signOn(browser: Browser, path: string, login: string): Promise<Tab> {
  const tab = await Tab.open(browser, serverUrl);
  await tab.goTo(path);
  await tab.clickThrough("Sign in with Example login");
  await tab.fill('input[name="login"]', login);
  await tab.fill('input[name="password"]', "any");
  await tab.clickThrough("Sign-in");
  await tab.clickThrough("Continue");
  return tab;
}
