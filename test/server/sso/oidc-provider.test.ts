/** Single sign-on at npm's oidc-provider, whose pages a script fills in. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Secret } from "../../../src/base/secret.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { ssoSettings } from "../../../src/server/sso/settings.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { origin, startTestServer, type TestServer, tokenUrl } from "../test-server.ts";
import { Browser, type Page, shownCode } from "./browser.ts";
import { oidcClientSecret, type OidcProvider, requiresOidcProvider, startOidcProvider } from "./start-oidc-provider.ts";

const installed = requiresOidcProvider();

/** The provider's, in seconds since 1970. */
const realTime = () => Math.floor(Date.now() / 1000);

let provider: OidcProvider | undefined;
let issuer: string;
let server: TestServer;
beforeAll(async () => {
  if (!installed) return;
  provider = await startOidcProvider(origin);
  ({ issuer } = provider);
  const configured = ssoSettings({ "sso-issuer": issuer, "sso-client-id": "vouch", "sso-groups": ["developers"] })!;
  server = await startTestServer({
    singleSignOn: {
      ...configured,
      clientSecret: new Secret(oidcClientSecret),
      recheck: { graceSeconds: 3600 },
    },
    keyProtector: await localKek(new Secret(new Uint8Array(32).fill(5))),
    recheckWaitMs: 600_000,
    now: realTime,
  });
});
afterAll(async () => {
  await server?.stop();
  await provider?.stop();
});

/** Fills in the provider's pages, login and consent, until it leads back to the server. */
async function signIn(authorization: string, login: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(authorization);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 20; step++) {
    const response = await fetch(url, {
      method: form === undefined ? "GET" : "POST",
      ...(form === undefined ? {} : { body: form }),
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    form = undefined;
    const text = await response.text();
    const next = response.headers.get("location") ?? /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
    if (next === undefined) throw new Error(`${url.pathname} answered ${response.status}: ${text.slice(0, 500)}`);
    url = new URL(next, url);
    if (url.origin === origin) return url;
    const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
    if (prompt !== undefined) form = new URLSearchParams({ prompt, login, password: "any" });
  }
  throw new Error("the provider does not lead back");
}

async function signOn(browser: Browser, login: string): Promise<Page> {
  const page = await browser.comeBack(await signIn(await browser.begin("enroll"), login));
  // For a refresh token it wants the person's consent (OpenID Connect Core 1.0, 11).
  const again = page.status === 303 ? page.headers.get("location") : null;
  return again === null ? page : await browser.comeBack(await signIn(again, login));
}

test.skipIf(!installed)("a person signs in there and gets a code, with the groups of UserInfo", async () => {
  const page = await signOn(new Browser(server), "ann");
  expect({ status: page.status, text: page.text }).toMatchObject({ status: 200 });
  expect(shownCode(page)).toBeDefined();
  const user = (await server.store.identities.find({ issuer, subject: "ann" }))!;
  expect(user.email).toBe("ann@example.com");
  expect((await server.store.groups.ofUser(user.id)).map(({ group }) => group.name)).toEqual(["developers"]);
});

test.skipIf(!installed)("a person whose address is not verified is refused", async () => {
  const page = await signOn(new Browser(server), "mallory");
  expect({ status: page.status, code: shownCode(page) }).toEqual({ status: 403, code: undefined });
  expect(page.text).toContain("is verified");
});

test.skipIf(!installed)("a code is good once, whoever brings it", async () => {
  const [browser, other] = [new Browser(server), new Browser(server)];
  const back = await signIn(await browser.begin("enroll"), "eve");
  expect((await browser.comeBack(back)).status).toBe(303);
  const stolen = new URL(await other.begin("enroll"));
  back.searchParams.set("state", stolen.searchParams.get("state")!);
  const page = await other.comeBack(back);
  expect({ status: page.status, code: shownCode(page) }).toEqual({ status: 403, code: undefined });
  expect(page.text).toContain("invalid_grant");
});

test.skipIf(!installed)("who is disabled there logs in no more; the refresh tokens rotate until then", async () => {
  const code = shownCode(await signOn(new Browser(server), "leaving"))!;
  const { ceremony, options } = await server.enrollOptions(code);
  const key = new TestSecurityKey();
  const dpop = await DpopKey.generate();
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin) });
  const kept = new Set<string | undefined>();
  const user = (await server.store.identities.find({ issuer, subject: "leaving" }))!;
  const state = () => server.store.identities.recheckOf(user.id, issuer);
  const logIn = async () => {
    const begun = await server.loginOptions();
    const credential = JSON.stringify(key.authenticate(begun.options, origin));
    const form = { grant_type: webauthnGrant, ceremony: begun.ceremony, credential };
    return await server.form("/oauth/token", form, { dpop: await dpop.proof({ url: tokenUrl, now: realTime() }) });
  };
  for (let login = 0; login < 3; login++) {
    expect((await logIn()).status).toBe(200);
    kept.add((await state())?.refreshToken);
  }
  expect(kept.size).toBe(3);
  await fetch(`${issuer}/disable/leaving`);
  const { status, body } = await logIn();
  expect([status, body.error]).toEqual([400, "invalid_grant"]);
  expect(body.error_description).toContain("lets you in no more");
  expect(await state()).toMatchObject({ refreshToken: undefined, refusedAt: expect.any(Number) });
});
