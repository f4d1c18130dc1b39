/** A command line that logs in in a browser, as the server sees it: its request, the page's forms, the token endpoint. */
import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { randomToken, sha256 } from "../../../src/server/random.ts";
import { Visitor } from "../pages/visitor.ts";
import { type Answer, origin, type TestServer } from "../test-server.ts";
import type { TestSecurityKey, Twist } from "../webauthn/security-key.ts";
import { DpopKey } from "./dpop-key.ts";

type Fields = Record<string, string>;

export const redirectUri = "http://127.0.0.1:50123/callback";

/** The form of what names a pushed request. */
export function requestUri(token: string): string {
  return `urn:ietf:params:oauth:request_uri:${token}`;
}

export class BrowserClient {
  readonly verifier = randomToken();
  readonly state = randomToken();
  readonly dpop: DpopKey;
  readonly visitor: Visitor;
  readonly #server: TestServer;
  readonly #jkt: string;
  readonly #redirectUri: string | undefined;
  #pushed: Promise<Answer> | undefined;

  private constructor(server: TestServer, dpop: DpopKey, jkt: string, uri: string | undefined) {
    this.#server = server;
    this.dpop = dpop;
    this.#jkt = jkt;
    this.#redirectUri = uri;
    this.visitor = new Visitor(server);
  }

  /** Without `uri` the person types the code. */
  static async begin(server: TestServer, uri: string | undefined = redirectUri): Promise<BrowserClient> {
    const dpop = await DpopKey.generate();
    return new BrowserClient(server, dpop, await dpop.thumbprint(), uri);
  }

  static async typed(server: TestServer): Promise<BrowserClient> {
    const dpop = await DpopKey.generate();
    return new BrowserClient(server, dpop, await dpop.thumbprint(), undefined);
  }

  /** The parameters of the pushed request; those of `others` replace its own, empty ones remove them. */
  request(others: Fields = {}): Fields {
    const all: Fields = {
      response_type: "code",
      client_id: "vouch",
      ...(this.#redirectUri === undefined ? {} : { redirect_uri: this.#redirectUri, state: this.state }),
      code_challenge: sha256(this.verifier),
      code_challenge_method: "S256",
      dpop_jkt: this.#jkt,
      client: "lisbon-laptop",
      ...others,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
  }

  /** Pushes the request from the terminal's address; `others` as in `request`. */
  async push(others: Fields = {}, dpop = this.dpop, headers: Fields = {}): Promise<Answer> {
    const proof = await dpop.proof({ url: `${this.#server.url}/oauth/par`, now: this.#server.now() });
    return await this.#server.form("/oauth/par", this.request(others), { dpop: proof, ...headers });
  }

  /** The request, pushed at the first call, as a field of the page's forms. */
  async fields(): Promise<{ request_uri: string }> {
    this.#pushed ??= this.push();
    const { body } = await this.#pushed;
    return { request_uri: body.request_uri ?? requestUri(randomToken()) };
  }

  /** Where the browser is opened. */
  async path(): Promise<string> {
    const query = new URLSearchParams({ client_id: "vouch", ...(await this.fields()) });
    return `/oauth/authorize?${query.toString()}`;
  }

  /** Opens the page in a browser, which the server sees at the address of `headers`. */
  async page(headers: Fields = {}): Promise<Response> {
    return await this.visitor.get(await this.path(), headers);
  }

  /** What the key answers at the page, as fields of its form. */
  async answered(key: TestSecurityKey, twist: Twist = {}): Promise<{ ceremony: string; credential: string }> {
    const begun = await this.visitor.post("/sign-in/code/options", await this.fields());
    const { ceremony, options } = (await begun.json()) as Begun;
    const credential = key.authenticate(options, origin, { challenge: options.challenge, ...twist });
    return { ceremony, credential: JSON.stringify(credential) };
  }

  /** The touch at the page for the request; the form that follows has the fields `sent`. */
  async touch(key: TestSecurityKey, twist: Twist = {}, sent: Fields = {}): Promise<Response> {
    const answer = await this.answered(key, twist);
    return await this.visitor.post("/sign-in/code", { ...(await this.fields()), ...sent, ...answer });
  }

  /** The code that the page leads away with, or shows. */
  async code(key: TestSecurityKey): Promise<string> {
    return codeIn(await (await this.touch(key)).text());
  }

  /** The token request; `others` as in `request`. */
  async redeem(code: string, others: Fields = {}, dpop = this.dpop): Promise<Answer> {
    const form: Fields = {
      grant_type: "authorization_code",
      client_id: "vouch",
      code,
      code_verifier: this.verifier,
      ...(this.#redirectUri === undefined ? {} : { redirect_uri: this.#redirectUri }),
      ...others,
    };
    const sent = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ""));
    const proof = await dpop.proof({ url: `${this.#server.url}/oauth/token`, now: this.#server.now() });
    return await this.#server.form("/oauth/token", sent, { dpop: proof });
  }
}

/** The text with its letters in the other case. */
export function otherCase(text: string): string {
  const turned = (letter: string) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase());
  return Array.from(text, turned).join("");
}

/** The code that a page leads away with, or shows; empty without one. */
export function codeIn(page: string): string {
  const typed = /<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<\/code>/.exec(page)?.[1];
  return typed ?? leadsTo(page)?.searchParams.get("code") ?? "";
}

/** Where the page leads to on this machine. */
export function leadsTo(page: string): URL | undefined {
  const [, href] = /<a [^>]*href="(http:[^"]*)" data-follow>/.exec(page) ?? [];
  return href === undefined ? undefined : new URL(href.replaceAll("&amp;", "&"));
}

/** What a browser does at the page of a server over TLS: reads the form, touches the key, sends it. Returns the last page. */
export async function logInAtPage(
  server: { url: string; ca: string },
  key: TestSecurityKey,
  url: string,
): Promise<string> {
  const browse = (path: string, fields?: Fields) =>
    fetch(new URL(path, server.url), {
      ...(fields ? { method: "POST", body: new URLSearchParams(fields) } : {}),
      headers: { origin: server.url, "sec-fetch-site": "same-origin" },
      tls: { ca: server.ca },
    });
  const page = await (await browse(url)).text();
  const form = page.slice(page.indexOf('action="/sign-in/code"'), page.indexOf("</form>"));
  const fields = Object.fromEntries(
    [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  );
  const { ceremony, options } = (await (await browse("/sign-in/code/options", fields)).json()) as Begun;
  const credential = JSON.stringify(key.authenticate(options, server.url, { challenge: options.challenge }));
  return await (await browse("/sign-in/code", { ...fields, ceremony, credential })).text();
}

export interface Begun {
  ceremony: string;
  options: PublicKeyCredentialRequestOptionsJSON;
}
