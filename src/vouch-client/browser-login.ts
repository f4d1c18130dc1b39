/**
 * A login in the browser: an authorization request (RFC 6749, 4.1) whose code is of use only with the PKCE verifier and the
 * DPoP key, which both stay in this process.
 */
import { createHash, randomBytes } from "node:crypto";
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { readAnswer, readOAuthFailure, send, type Surroundings } from "./api.ts";
import { DpopClient } from "./dpop-client.ts";
import { DpopKey } from "./dpop.ts";
import { machineName, VouchSession } from "./session.ts";

const clientId = "vouch";

const MetadataSchema = v.object({ issuer: v.string(), grant_types_supported: v.optional(v.array(v.string()), []) });
/** What names the request (RFC 9126, 2.2), in ASCII: it is opened, and printed. */
const PushedSchema = v.object({
  request_uri: v.pipe(v.string(), v.regex(/^urn:[\w:.~-]{1,200}$/, "expected a URN")),
});

export class BrowserLogin {
  /** Where the browser goes. */
  readonly url: string;
  /** What must come back with the code; undefined where the person types it. */
  readonly state: string | undefined;
  readonly #client: DpopClient;
  readonly #verifier: Secret;
  readonly #redirectUri: string | undefined;

  private constructor(
    client: DpopClient,
    { verifier, state, redirectUri }: { verifier: string; state: string | undefined; redirectUri: string | undefined },
    requestUri: string,
  ) {
    this.#client = client;
    this.#verifier = new Secret(verifier);
    this.#redirectUri = redirectUri;
    this.state = state;
    const query = new URLSearchParams({ client_id: clientId, request_uri: requestUri });
    this.url = `${client.server}/oauth/authorize?${query.toString()}`;
  }

  /**
   * Begins a login at the server (URL without a trailing slash), for a redirection to the loopback interface, or for a code
   * that is typed. Throws `login_denied` for a server without it, `network`, `timeout`, `server_error`.
   */
  static async begin(
    server: string,
    redirectUri: string | undefined,
    surroundings: Surroundings,
  ): Promise<BrowserLogin> {
    const url = `${server}/.well-known/oauth-authorization-server`;
    const response = await send({ method: "GET", url, env: surroundings.env, repeatable: true });
    const found = response.status === 200 ? readAnswer(response, MetadataSchema, url) : undefined;
    if (found?.issuer !== server || !found.grant_types_supported.includes("authorization_code"))
      throw notOffered(server);
    const client = new DpopClient(server, await DpopKey.generate(), surroundings);
    const secrets = { verifier: token(), state: redirectUri === undefined ? undefined : token(), redirectUri };
    return new BrowserLogin(client, secrets, await push(client, secrets));
  }

  /** Opens the session for the code, which is used up. Throws as `VouchSession.login`. */
  async finish(code: string): Promise<VouchSession> {
    return VouchSession.redeem(this.#client, {
      client_id: clientId,
      code,
      code_verifier: this.#verifier.expose(),
      ...(this.#redirectUri === undefined ? {} : { redirect_uri: this.#redirectUri }),
    });
  }
}

/** Pushes the request (RFC 9126), so that the server sees for itself where it comes from; returns what names it. */
async function push(
  client: DpopClient,
  { verifier, state, redirectUri }: { verifier: string; state: string | undefined; redirectUri: string | undefined },
): Promise<string> {
  const path = "/oauth/par";
  const response = await client.postForm(path, {
    response_type: "code",
    client_id: clientId,
    ...(redirectUri === undefined || state === undefined ? {} : { redirect_uri: redirectUri, state }),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    client: machineName(),
  });
  const url = client.server + path;
  if (response.status === 201) return readAnswer(response, PushedSchema, url).request_uri;
  throw new VouchError("login_denied", readOAuthFailure(response, url).description, {
    hint: "Run `vouch login` with your security key.",
  });
}

/** 32 random bytes in base64url: a code verifier (RFC 7636, 4.1), a state. */
function token(): string {
  return randomBytes(32).toString("base64url");
}

function notOffered(server: string): VouchError {
  return new VouchError("login_denied", `${server} does not let people log in in a browser.`, {
    hint: "Run `vouch login` with your security key, or ask the people who run the server for `--browser-login on`.",
  });
}
