/** A Vouch server on a free port with a clock that the test moves, and what a client says to it over HTTP. */
import { join } from "node:path";
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import { makeEnrollmentCode } from "../../src/server/keys/enrollment-code.ts";
import { initializeServer } from "../../src/server/initialize.ts";
import { tokenExchangeGrant, webauthnGrant } from "../../src/server/oauth/issuer.ts";
import { sha256 } from "../../src/server/random.ts";
import type { EventLog, RequestLog, ServerOptions } from "../../src/server/options.ts";
import { startServer } from "../../src/server/server.ts";
import { type OpenOptions, openStore } from "../../src/server/store/open.ts";
import type { Store } from "../../src/server/store/store.ts";
import { DpopKey } from "./oauth/dpop-key.ts";
import { expectDocumented } from "./http/openapi.ts";
import { TestSecurityKey, type Twist } from "./webauthn/security-key.ts";
import { tempFolder } from "../temp-folder.ts";

export const origin = "https://vouch.example.com";
export const email = "dev@example.com";
export const tokenUrl = `${origin}/oauth/token`;

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed JSON, which a test looks into freely; undefined when the body is empty. */
  body: ReturnType<typeof JSON.parse>;
}

/** Of a form; an array is a parameter that stands several times. */
type Parameters = Record<string, string | string[]>;

export interface TestServer {
  /** Where it listens; its configured URL is `origin`. */
  base: string;
  store: Store;
  database: string;
  /** A folder that goes with the server. */
  folder: string;
  /** What it calls itself. */
  url: string;
  logs: (RequestLog | EventLog)[];
  /** The server's clock: seconds since 1970. */
  now(): number;
  /** Moves the clock. */
  advance(seconds: number): void;
  send(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, json: unknown): Promise<Answer>;
  form(path: string, parameters: Parameters, headers?: Record<string, string>): Promise<Answer>;
  /** A fresh code for the email. */
  invite(email?: string): Promise<string>;
  enrollOptions(
    code: string,
  ): Promise<{ ceremony: string; options: PublicKeyCredentialCreationOptionsJSON } & Record<string, unknown>>;
  loginOptions(): Promise<{ ceremony: string; options: PublicKeyCredentialRequestOptionsJSON }>;
  /** The whole enrolment with a new code. */
  enroll(key: TestSecurityKey, twist?: Twist): Promise<Answer>;
  /** The whole login. */
  login(key: TestSecurityKey, dpop: DpopKey, twist?: Twist): Promise<Answer>;
  /** The access token of a new user with a new key. */
  session(): Promise<{ accessToken: string; dpop: DpopKey; key: TestSecurityKey }>;
  /** A request in the name of a session; `claims` replace or remove those of its proof. */
  inSession(
    session: { accessToken: string; dpop: DpopKey },
    method: "GET" | "POST",
    path: string,
    json?: unknown,
    claims?: Record<string, unknown>,
  ): Promise<Answer>;
  exchange(accessToken: string, dpop: DpopKey, parameters?: Parameters): Promise<Answer>;
  proof(dpop: DpopKey, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

/** How many answers had each status. */
export function statusCounts(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

interface TestServerOptions extends Partial<ServerOptions> {
  /** Its configured URL, instead of `origin`. */
  url?: string;
  /** How its commits reach the disk. */
  sync?: OpenOptions["sync"] | undefined;
}

/** Starts a server with a new database. Its clock begins at a fixed time and stands still until it is moved. */
export async function startTestServer({
  sync = "each",
  url = origin,
  ...options
}: TestServerOptions = {}): Promise<TestServer> {
  const temporary = tempFolder();
  const folder = temporary.path;
  const database = `sqlite:${join(folder, "vouch.db")}`;
  let time = 1_800_000_000;
  const store = await openStore(database, { create: true, now: time, sync, clock: () => time, replica: "test" });
  await initializeServer(store, url, ["sts.amazonaws.com"], time);
  const logs: TestServer["logs"] = [];
  const running = await startServer({
    store,
    hostname: "127.0.0.1",
    port: 0,
    now: () => time,
    monotonic: () => time,
    log: (entry) => logs.push(entry),
    subjectLimits: { person: 1e6, credential: 1e6 },
    ...options,
  });
  const base = `http://127.0.0.1:${running.port}`;

  const server: TestServer = {
    base,
    store,
    database,
    folder,
    url,
    logs,
    now: () => time,
    advance: (seconds) => {
      time += seconds;
    },
    async send(path, init) {
      const response = await fetch(base + path, init);
      const text = await response.text();
      const body = text === "" ? undefined : JSON.parse(text);
      expectDocumented({ method: init?.method ?? "GET", path }, response, { sent: init?.body, body });
      return { status: response.status, headers: response.headers, body };
    },
    post: (path, json) =>
      server.send(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(json),
      }),
    form: (path, parameters, headers = {}) =>
      server.send(path, {
        method: "POST",
        headers,
        body: new URLSearchParams(
          Object.entries(parameters).flatMap(([name, values]) =>
            [values].flat().map((value): [string, string] => [name, value]),
          ),
        ),
      }),
    async invite(address = email) {
      const code = makeEnrollmentCode();
      await store.accounts.invite(address, sha256(code), time, time + 24 * 3600);
      return code;
    },
    enrollOptions: async (code) => (await server.post("/v1/enroll/options", { code })).body,
    loginOptions: async () => (await server.post("/v1/login/options", {})).body,
    async enroll(key, twist) {
      const code = await server.invite();
      const { ceremony, options: creation } = await server.enrollOptions(code);
      return await server.post("/v1/enroll", { ceremony, code, credential: key.register(creation, origin, twist) });
    },
    async login(key, dpop, twist) {
      const { ceremony, options: request } = await server.loginOptions();
      const credential = JSON.stringify(key.authenticate(request, origin, twist));
      return await server.form(
        "/oauth/token",
        { grant_type: webauthnGrant, ceremony, credential },
        { dpop: await server.proof(dpop) },
      );
    },
    async session() {
      const key = new TestSecurityKey();
      const dpop = await DpopKey.generate();
      await server.enroll(key);
      const { body } = await server.login(key, dpop);
      return { accessToken: body.access_token, dpop, key };
    },
    async inSession({ accessToken, dpop }, method, path, json, claims = {}) {
      const ath = sha256(accessToken);
      const proof = await dpop.proof({ method, url: origin + path, now: time, claims: { ath, ...claims } });
      return await server.send(path, {
        method,
        headers: { "content-type": "application/json", authorization: `DPoP ${accessToken}`, dpop: proof },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
    },
    exchange: async (accessToken, dpop, parameters = {}) =>
      server.form(
        "/oauth/token",
        {
          grant_type: tokenExchangeGrant,
          subject_token: accessToken,
          subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
          requested_token_type: "urn:ietf:params:oauth:token-type:id_token",
          audience: "sts.amazonaws.com",
          ...parameters,
        },
        { dpop: await server.proof(dpop, { ath: sha256(accessToken) }) },
      ),
    proof: (dpop, claims, header) =>
      dpop.proof({ url: tokenUrl, now: time, ...(claims ? { claims } : {}), ...(header ? { header } : {}) }),
    async stop() {
      await running.stop();
      await store.close();
      temporary[Symbol.dispose]();
    },
  };
  return server;
}
