/**
 * Vouch server, STS and CodeArtifact as the agent meets them, on one loopback port: real HTTP, real DPoP proofs, made-up
 * answers. It counts what arrives, and a test can hold an operation back, fail it, or answer in its place.
 */
import { type AnnouncedBody, digestOf } from "../../src/announced/body.ts";
import { verifyDpopProof } from "../../src/server/oauth/dpop.ts";
import { OAuthError } from "../../src/server/http/failure.ts";
import { sha256 } from "../../src/server/random.ts";
import type { ManualClock } from "./manual-clock.ts";

export type Operation =
  | "enrollWays"
  | "enrollOptions"
  | "enroll"
  | "loginOptions"
  | "login"
  | "idToken"
  | "revoke"
  | "keys"
  | "keyAddOptions"
  | "keyAdd"
  | "keyRenameOptions"
  | "keyRename"
  | "keyRemoveOptions"
  | "keyRemove"
  | "announced"
  | "sessions"
  | "sessionsEnd"
  | "publishOptions"
  | "publish"
  | "sts"
  | "token"
  | "endpoint"
  | "domains"
  | "repositories";

/** Gives an answer in place of the usual one; undefined for the usual one. */
type Answer = (form: URLSearchParams) => Response | Promise<Response> | undefined;

export const sessionSeconds = 8 * 3600;
export const user = "dev@example.com";
export const roleArn = "arn:aws:iam::123456789012:role/vouch-developer";

export class Upstream {
  readonly counts: Record<Operation, number> = {
    enrollWays: 0,
    enrollOptions: 0,
    enroll: 0,
    loginOptions: 0,
    login: 0,
    idToken: 0,
    revoke: 0,
    keys: 0,
    keyAddOptions: 0,
    keyAdd: 0,
    keyRenameOptions: 0,
    keyRename: 0,
    keyRemoveOptions: 0,
    keyRemove: 0,
    announced: 0,
    sessions: 0,
    sessionsEnd: 0,
    publishOptions: 0,
    publish: 0,
    sts: 0,
    token: 0,
    endpoint: 0,
    domains: 0,
    repositories: 0,
  };
  /** The durations asked of STS and of CodeArtifact, in seconds. */
  readonly durations: { sts: number[]; token: number[] } = { sts: [], token: [] };
  /** The roles that STS was asked for, each with the role that signed; none for a web identity. */
  readonly roles: { roleArn: string; by?: string | undefined }[] = [];
  /** The ID tokens that STS was shown, each with the role. */
  readonly identities: { roleArn: string; idToken: string }[] = [];
  /** The roles that signed the requests for a token. */
  readonly signers: { domain: string | null; by: string | undefined }[] = [];
  readonly #keyIds = new Map<string, string>();
  /** The thumbprints of the DPoP keys of `login` and `idToken`, in the order of arrival. */
  readonly keys: string[] = [];
  /** The bodies of the requests about keys. */
  readonly bodies: unknown[] = [];
  /** How often a root was asked for, as a connection is made ahead; whether any of these carried a credential. */
  readonly ahead = { count: 0, withCredential: false };
  readonly #clock: ManualClock;
  readonly #server: Bun.Server<undefined>;
  readonly #answers = new Map<Operation, Answer>();
  readonly #gates = new Map<Operation, { arrived: () => void; released: Promise<void> }>();

  /** The nonce that each proof of the session's key must have, if any (RFC 9449, 8). */
  nonce: string | undefined;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const response = await this.#handle(request);
        if (this.nonce !== undefined) response.headers.set("dpop-nonce", this.nonce);
        return response;
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** The environment that leads the agent here. */
  get env(): Record<string, string> {
    return { AWS_ENDPOINT_URL_STS: this.url, AWS_ENDPOINT_URL_CODEARTIFACT: this.url };
  }

  /** Answers the operation in place of the usual answer, until `answer` is undefined again. */
  answer(operation: Operation, answer: Answer | undefined): void {
    if (answer) this.#answers.set(operation, answer);
    else this.#answers.delete(operation);
  }

  /** Holds the operation back: `arrived` resolves at its first request, which waits for `release`. */
  hold(operation: Operation): { arrived: Promise<void>; release: () => void } {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#gates.set(operation, { arrived: arrived.resolve, released: released.promise });
    return {
      arrived: arrived.promise,
      release: () => {
        this.#gates.delete(operation);
        released.resolve();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (request.method === "GET" && url.pathname === "/") {
      this.ahead.count++;
      this.ahead.withCredential ||= request.headers.has("authorization") || url.search !== "";
      return new Response(null, { status: 404 });
    }
    const text = await request.text();
    const form = url.pathname.startsWith("/v1/") ? url.searchParams : new URLSearchParams(text);
    const operation = operationOf(url.pathname, form);
    this.counts[operation]++;
    const gate = this.#gates.get(operation);
    gate?.arrived();
    await gate?.released;
    if (operation === "login" || operation === "idToken") {
      const refused = await this.#checkProof(request.headers.get("dpop"));
      if (refused) return refused;
    }
    if (/^\/v1\/(credentials|profile|sessions|publish)/.test(url.pathname)) {
      const refused = await this.#checkSession(request, url.pathname);
      if (refused) return refused;
      if (text !== "") this.bodies.push(JSON.parse(text));
    }
    const by = this.#keyIds.get(/ Credential=(\w+)\//.exec(request.headers.get("authorization") ?? "")?.[1] ?? "");
    if (operation === "sts") this.roles.push({ roleArn: form.get("RoleArn") ?? "", ...(by ? { by } : {}) });
    const idToken = form.get("WebIdentityToken");
    if (operation === "sts" && idToken !== null) this.identities.push({ roleArn: form.get("RoleArn") ?? "", idToken });
    if (operation === "token") this.signers.push({ domain: form.get("domain"), by });
    return this.#answers.get(operation)?.(form) ?? this.#usual(operation, form);
  }

  /** Judges the proof as the Vouch server does. */
  async #checkProof(header: string | null): Promise<Response | undefined> {
    const now = Math.floor(this.#clock.now() / 1000);
    try {
      const expected = { method: "POST", url: `${this.url}/oauth/token`, now, ...this.#nonces() };
      const { jkt } = await verifyDpopProof(header, expected);
      this.keys.push(jkt);
      return undefined;
    } catch (error) {
      return oauthFailure(codeOf(error), (error as Error).message, { date: new Date(now * 1000).toUTCString() });
    }
  }

  /** Judges access token and proof as the Vouch server does in a session. */
  async #checkSession(request: Request, path: string): Promise<Response | undefined> {
    const now = Math.floor(this.#clock.now() / 1000);
    const date = new Date(now * 1000).toUTCString();
    const token = /^DPoP (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw new Error(`The agent sent no access token to ${path}.`);
    try {
      const expected = { method: request.method, url: this.url + path, now, ...this.#nonces() };
      const { jkt, ath } = await verifyDpopProof(request.headers.get("dpop"), expected);
      if (ath !== sha256(token)) throw new Error("its ath is not of this access token");
      this.keys.push(jkt);
      return undefined;
    } catch (error) {
      const challenge = `DPoP error="${codeOf(error)}", algs="ES256"`;
      return apiFailure(401, "access_denied", (error as Error).message, { date, "www-authenticate": challenge });
    }
  }

  #nonces() {
    const accepts = (nonce: string) => this.nonce === undefined || nonce === this.nonce;
    return { nonces: { accepts }, requireNonce: this.nonce !== undefined };
  }

  #usual(operation: Operation, form: URLSearchParams): Response {
    const now = Math.floor(this.#clock.now() / 1000);
    switch (operation) {
      case "enrollWays":
        return Response.json({ invite: true });
      case "enrollOptions":
      case "loginOptions":
        return Response.json({ ceremony: `ceremony-${this.counts[operation]}`, options: { challenge: "AAAA" } });
      case "keyAddOptions":
      case "keyRenameOptions":
      case "keyRemoveOptions":
        return Response.json({
          ceremony: `${operation}-${this.counts[operation]}`,
          approval: { challenge: "AAAA" },
          ...(operation === "keyAddOptions" ? { options: { challenge: "AAAA" } } : {}),
        });
      case "enroll":
        return Response.json({ user, credentialId: "Y3JlZGVudGlhbA", name: "security key" });
      case "login":
        return Response.json({
          access_token: `access-token-${this.counts.login}-secret`,
          token_type: "DPoP",
          expires_in: sessionSeconds,
          user,
        });
      case "idToken":
        return Response.json({
          access_token: "header.payload.id-token-secret",
          issued_token_type: "urn:ietf:params:oauth:token-type:id_token",
          token_type: "N_A",
          expires_in: 300,
        });
      case "revoke":
        return new Response(null, { status: 200 });
      case "keys":
        return Response.json({ credentials: [key] });
      case "keyAdd":
        return Response.json({ credential: { ...key, id: "bmV3", name: "new", thisSession: false } });
      case "keyRename":
        return Response.json({ id: key.id, name: "renamed" });
      case "keyRemove":
        return Response.json({ sessionsEnded: 0, thisSession: false });
      case "announced":
        return announcedAnswer({});
      case "sessions":
        return Response.json({ sessions: [ownSession] });
      case "sessionsEnd":
        return Response.json({ ended: 1, thisSession: false });
      case "publishOptions":
        return Response.json({
          ceremony: `publication-${this.counts.publishOptions}`,
          approval: { challenge: "AAAA" },
        });
      case "publish":
        return Response.json({ idToken: "header.payload.publish-token-secret", expiresIn: 300 });
      case "sts": {
        const duration = Number(form.get("DurationSeconds"));
        this.durations.sts.push(duration);
        const keyId = `ASIA${String(this.counts.sts).padStart(16, "A")}`;
        this.#keyIds.set(keyId, form.get("RoleArn") ?? "");
        return stsAnswer(form.get("Action") ?? "", keyId, now + duration);
      }
      case "token": {
        const duration = Number(form.get("duration"));
        this.durations.token.push(duration);
        return Response.json({
          authorizationToken: `${form.get("domain")}-token-${this.counts.token}`,
          // 0 is "as long as the credentials": the fake's own last an hour.
          expiration: now + (duration || 3600),
        });
      }
      case "domains":
        return Response.json({ domains: [{ name: "my-domain", owner: "123456789012", status: "Active" }] });
      case "repositories":
        return Response.json({ repositories: [{ name: "my-repo", description: "Ours" }, { name: "a-repo" }] });
      case "endpoint":
        return Response.json({ repositoryEndpoint: "https://packages.example.com/cargo/my-repo/" });
    }
  }
}

/** The one session of the made-up user, as the server lists it. */
/** How the server answers that it announces this. */
export function announcedAnswer(profile: AnnouncedBody): Response {
  return Response.json({ profile, digest: digestOf(profile) });
}

export const ownSession = {
  id: "0123456789abcdef",
  createdAt: 1_800_000_000,
  expiresAt: 1_800_000_000 + sessionSeconds,
  key: "security key",
  client: "laptop",
  thisSession: true,
};

/** The one key of the made-up user, as the server lists it. */
export const key = {
  id: "Y3JlZGVudGlhbA",
  name: "security key",
  aaguid: "07070707-0707-0707-0707-070707070707",
  product: null,
  createdAt: 1_700_000_000,
  lastUsedAt: 1_700_000_001,
  transports: ["usb"],
  backupEligible: false,
  backedUp: false,
  builtIn: false,
  proof: null,
  thisSession: true,
};

export function apiFailure(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}

/** CodeArtifact's answer to a role that may not. */
export function accessDenied(): Response {
  return Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } });
}

/** The server's answer to a login by another key, of somebody else. */
export function otherPersonsLogin(): Response {
  return Response.json({
    access_token: "access-token-of-another-secret",
    token_type: "DPoP",
    expires_in: sessionSeconds,
    user: "other@example.com",
  });
}

export function oauthFailure(error: string, description: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error, error_description: description }, { status: 400, headers });
}

function operationOf(path: string, form: URLSearchParams): Operation {
  switch (path) {
    case "/v1/enroll/ways":
      return "enrollWays";
    case "/v1/enroll/options":
      return "enrollOptions";
    case "/v1/enroll":
      return "enroll";
    case "/v1/login/options":
      return "loginOptions";
    case "/v1/credentials":
      return "keys";
    case "/v1/credentials/addition/options":
      return "keyAddOptions";
    case "/v1/credentials/addition":
      return "keyAdd";
    case "/v1/credentials/renaming/options":
      return "keyRenameOptions";
    case "/v1/credentials/renaming":
      return "keyRename";
    case "/v1/credentials/removal/options":
      return "keyRemoveOptions";
    case "/v1/credentials/removal":
      return "keyRemove";
    case "/v1/profile":
      return "announced";
    case "/v1/sessions":
      return "sessions";
    case "/v1/sessions/end":
      return "sessionsEnd";
    case "/v1/publish/options":
      return "publishOptions";
    case "/v1/publish":
      return "publish";
    case "/oauth/token":
      return form.has("subject_token") ? "idToken" : "login";
    case "/oauth/revoke":
      return "revoke";
    case "/v1/authorization-token":
      return "token";
    case "/v1/repository/endpoint":
      return "endpoint";
    case "/v1/domains":
      return "domains";
    case "/v1/domain/repositories":
      return "repositories";
    case "/":
      return "sts";
    default:
      throw new Error(`The agent asked for ${path}, which nothing upstream has.`);
  }
}

function stsAnswer(action: string, keyId: string, expiration: number): Response {
  return new Response(
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <${action}Result><Credentials>
        <AccessKeyId>${keyId}</AccessKeyId>
        <SecretAccessKey>role-secret-access-key</SecretAccessKey>
        <SessionToken>role-session-token</SessionToken>
        <Expiration>${new Date(expiration * 1000).toISOString()}</Expiration>
      </Credentials></${action}Result>
    </${action}Response>`,
    { headers: { "content-type": "text/xml" } },
  );
}

function codeOf(error: unknown): string {
  return error instanceof OAuthError ? error.error : "invalid_dpop_proof";
}
