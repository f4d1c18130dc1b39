/** An identity provider that does what a test says, also what none may do. */
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { exportJWK, SignJWT, UnsecuredJWT } from "jose";

export const clientId = "vouch";
export const clientSecret = "the client's secret, of 256 bits at least";

const ownKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const othersKey = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** What the provider does otherwise than it should. */
export interface Misbehaviour {
  /** Replace or (undefined) remove claims of the ID token. */
  claims?: Record<string, unknown>;
  /** Changes the discovery document. */
  metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** How the ID token is signed. */
  sign?: "rs256" | "none" | "hs256" | "another's key" | "another algorithm of the same key";
  /** Parameters of the way back to the server, replaced or removed. */
  back?: Record<string, string | undefined>;
  /** The answer to a request for this path instead of the right one. */
  answers?: Record<string, () => Response | Promise<Response>>;
  userInfo?: Record<string, unknown>;
  /** Members of the token endpoint's answer. */
  tokens?: Record<string, unknown>;
  /** When it gives a refresh token: for the scope offline_access, or only with the person's consent as well. */
  offline?: "scope" | "consent";
  /** Gives another refresh token for each, and revokes all of a sign-on when one is shown twice. */
  rotates?: boolean;
  /** The answer to each refresh token. */
  refuses?: { error: string; error_description?: string };
  /** Is waited for between a refresh and its answer. */
  hold?: () => Promise<void>;
  /** Leaves out the ID token of a refresh. */
  withoutIdToken?: boolean;
}

interface Grant {
  nonce: string;
  challenge: string;
  redirectUri: string;
  isOffline: boolean;
}

export class StrangeProvider {
  readonly url: string;
  /** What it does at the moment. */
  does: Misbehaviour = {};
  /** The requests that came, as `METHOD /path`. */
  readonly requests: string[] = [];
  /** Seconds since 1970, for the tokens. */
  now: () => number = () => Math.floor(Date.now() / 1000);
  /** Refresh tokens as they were shown to it. */
  readonly shown: string[] = [];
  /** Refresh tokens that are good, with the sign-on that they are of. */
  readonly live = new Map<string, string>();
  readonly #used = new Map<string, string>();
  readonly #grants = new Map<string, Grant>();
  readonly #server;

  constructor(port = 0) {
    this.#server = Bun.serve({ port, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
    this.url = `http://127.0.0.1:${this.#server.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  /** What a person does at the authorization endpoint; returns where their browser is sent back to. */
  signIn(authorization: string): URL {
    const asked = new URL(authorization).searchParams;
    const code = randomUUID();
    const isOffered = asked.get("scope")!.includes("offline_access") && this.does.offline !== undefined;
    const isOffline = isOffered && (this.does.offline === "scope" || asked.get("prompt") === "consent");
    this.#grants.set(code, {
      isOffline,
      nonce: asked.get("nonce")!,
      challenge: asked.get("code_challenge")!,
      redirectUri: asked.get("redirect_uri")!,
    });
    const back = new URL(asked.get("redirect_uri")!);
    const parameters = { code, state: asked.get("state")!, iss: this.url, ...this.does.back };
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) back.searchParams.set(name, value);
    }
    return back;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    const instead = this.does.answers?.[pathname];
    if (instead !== undefined) return await instead();
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return Response.json(this.#metadata());
      case "/jwks":
        return Response.json({ keys: [{ ...(await exportJWK(ownKey.publicKey)), kid: "1" }] });
      case "/token":
        return await this.#token(request);
      case "/userinfo":
        return Response.json(this.does.userInfo ?? { sub: "sub-1" });
      default:
        return new Response(null, { status: 404 });
    }
  }

  #metadata(): Record<string, unknown> {
    const metadata = {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      userinfo_endpoint: `${this.url}/userinfo`,
      jwks_uri: `${this.url}/jwks`,
      id_token_signing_alg_values_supported: ["RS256", "HS256", "none"],
      authorization_response_iss_parameter_supported: true,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      ...(this.does.offline === undefined ? {} : { scopes_supported: ["openid", "offline_access"] }),
    };
    return this.does.metadata?.(metadata) ?? metadata;
  }

  async #token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    if (form.get("grant_type") === "refresh_token") return await this.#refresh(form.get("refresh_token") ?? "");
    const grant = this.#grants.get(form.get("code") ?? "");
    this.#grants.delete(form.get("code") ?? "");
    const verifier = new Bun.CryptoHasher("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    const expected = `Basic ${btoa(`${clientId}:${encodeURIComponent(clientSecret).replaceAll("%20", "+").replaceAll("'", "%27")}`)}`;
    if (request.headers.get("authorization") !== expected)
      return Response.json({ error: "invalid_client" }, { status: 401 });
    if (grant?.challenge !== verifier || grant.redirectUri !== form.get("redirect_uri"))
      return Response.json({ error: "invalid_grant", error_description: "no such code" }, { status: 400 });
    const refreshToken = grant.isOffline ? this.#give(randomUUID()) : undefined;
    return await this.#tokens({ nonce: grant.nonce, refreshToken });
  }

  #give(family: string): string {
    const token = `refresh token ${randomUUID()}`;
    this.live.set(token, family);
    return token;
  }

  async #refresh(token: string): Promise<Response> {
    this.shown.push(token);
    const { refuses, rotates, hold } = this.does;
    const family = this.live.get(token);
    const reused = this.#used.get(token);
    for (const [each, of] of this.live) if (of === reused) this.live.delete(each);
    let next: string | undefined;
    if (family !== undefined && refuses === undefined && rotates === true) {
      this.live.delete(token);
      this.#used.set(token, family);
      next = this.#give(family);
    }
    await hold?.();
    if (refuses !== undefined) return Response.json(refuses, { status: 400 });
    if (family === undefined) return Response.json({ error: "invalid_grant" }, { status: 400 });
    return await this.#tokens({ nonce: undefined, refreshToken: next });
  }

  async #tokens({ nonce, refreshToken }: Record<"nonce" | "refreshToken", string | undefined>): Promise<Response> {
    const isLeftOut = nonce === undefined && this.does.withoutIdToken === true;
    return Response.json({
      access_token: "access",
      token_type: "Bearer",
      expires_in: 60,
      ...(isLeftOut ? {} : { id_token: await this.#idToken(nonce) }),
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      ...this.does.tokens,
    });
  }

  async #idToken(nonce: string | undefined): Promise<string> {
    const now = this.now();
    const claims = {
      iss: this.url,
      sub: "sub-1",
      aud: clientId,
      iat: now,
      exp: now + 300,
      nonce,
      email: "dev@example.com",
      email_verified: true,
      ...this.does.claims,
    };
    const payload = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    const signed = (key: KeyObject | Uint8Array, alg: string) =>
      new SignJWT(payload).setProtectedHeader({ alg, kid: "1" }).sign(key);
    switch (this.does.sign) {
      case "none":
        return new UnsecuredJWT(payload).encode();
      case "hs256":
        return await signed(new TextEncoder().encode(clientSecret), "HS256");
      case "another's key":
        return await signed(othersKey.privateKey, "RS256");
      case "another algorithm of the same key":
        return await signed(ownKey.privateKey, "PS256");
      default:
        return await signed(ownKey.privateKey, "RS256");
    }
  }
}
