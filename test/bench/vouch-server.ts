/** The product's server as the bench asks it: enrolments, logins, ID tokens. */
import { executable } from "../laptop.ts";
import { makeEnrollmentCode } from "../../src/server/keys/enrollment-code.ts";
import { tokenExchangeGrant, webauthnGrant } from "../../src/server/oauth/issuer.ts";
import { sha256 } from "../../src/server/random.ts";
import { openStore } from "../../src/server/store/open.ts";
import { DpopKey } from "../server/oauth/dpop-key.ts";
import { TestSecurityKey } from "../server/webauthn/security-key.ts";

/** Requests that are under way at once. */
export const connections = 8;

const origin = "http://localhost:8787";

export interface Member {
  key: TestSecurityKey;
  dpop: DpopKey;
}

export type VouchServer = Awaited<ReturnType<typeof startVouch>>;

/** The executable on a database of its own, or of several; every request comes from another address, past the limits. */
export async function startVouch(database: string) {
  const run = ["server", "run", "--listen", "127.0.0.1:0", "--trust-proxy", "--database", database];
  const limits = ["--person-limit", "1000000", "--credential-limit", "1000000"];
  const child = Bun.spawn([executable, ...run, ...limits, "--url", origin], { stdout: "pipe", stderr: "ignore" });
  const base = await firstMatch(child.stdout, /listening on (\S+)\n/);
  let address = 0;
  const send = async (path: string, body: object | undefined, headers: Record<string, string> = {}) => {
    const from = `10.${(++address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`;
    const isForm = body instanceof URLSearchParams;
    return fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...(isForm ? {} : { "content-type": "application/json" }), "x-forwarded-for": from, ...headers },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
  };
  const json = async (response: Response): Promise<ReturnType<typeof JSON.parse>> => {
    const text = await response.text();
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  const now = () => Math.floor(Date.now() / 1000);
  const server = {
    process: child,
    /** A proof for the token endpoint. */
    proof: async (dpop: DpopKey) => dpop.proof({ url: `${origin}/oauth/token`, now: now() }),
    /** Enrols so many new people. */
    async enroll(count: number): Promise<Member[]> {
      const codes = Array.from({ length: count }, makeEnrollmentCode);
      const store = await openStore(database, { create: false, now: now() });
      for (const code of codes) {
        await store.accounts.invite(`${crypto.randomUUID()}@example.com`, sha256(code), now(), now() + 3600);
      }
      await store.close();
      return await Promise.all(
        codes.map(async (code) => {
          const { ceremony, options } = await json(await send("/v1/enroll/options", { code }));
          const key = new TestSecurityKey();
          await json(await send("/v1/enroll", { ceremony, code, credential: key.register(options, origin) }));
          return { key, dpop: await DpopKey.generate() };
        }),
      );
    },
    /** Logs in; resolves with the answer, which has the access token. */
    async login({ key, dpop }: Member): Promise<Response> {
      const { ceremony, options } = await json(await send("/v1/login/options", {}));
      const credential = JSON.stringify(key.authenticate(options, origin));
      const body = new URLSearchParams({ grant_type: webauthnGrant, ceremony, credential });
      return send("/oauth/token", body, { dpop: await server.proof(dpop) });
    },
    async accessToken(member: Member): Promise<string> {
      return (await json(await server.login(member))).access_token as string;
    },
    /** Asks for an ID token with a proof that was made before. */
    async idToken(accessToken: string, proof: string): Promise<Response> {
      const body = new URLSearchParams({
        grant_type: tokenExchangeGrant,
        subject_token: accessToken,
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      });
      return send("/oauth/token", body, { dpop: proof });
    },
    /** Asks for the sessions or the keys of a person. */
    async list(path: "/v1/sessions" | "/v1/credentials", accessToken: string, dpop: DpopKey): Promise<Response> {
      const claims = { ath: sha256(accessToken) };
      const proof = await dpop.proof({ method: "GET", url: origin + path, now: now(), claims });
      return send(path, undefined, { authorization: `DPoP ${accessToken}`, dpop: proof });
    },
    async stop(): Promise<void> {
      child.kill();
      await child.exited;
    },
  };
  return server;
}

/** One request of a connection, numbered; its answer must have the status 200. */
export type Ask = (connection: number, number: number) => Promise<Response>;

/** Makes the requests, as many at once as there are connections. Throws when one is not answered with 200. */
export async function askAll(count: number, ask: Ask): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let number = connection; number < count; number += connections) {
        const response = await ask(connection, number);
        const text = await response.text();
        if (!response.ok) throw new Error(`expected 200, got ${response.status}: ${text}`);
      }
    }),
  );
}

/** Answers a second. */
export async function ratePerSecond(count: number, ask: Ask): Promise<number> {
  const before = performance.now();
  await askAll(count, ask);
  return count / ((performance.now() - before) / 1000);
}

/** One after the other. */
export async function made<Value>(count: number, make: (number: number) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let number = 0; number < count; number++) values.push(await make(number));
  return values;
}

/** What the pattern's group matches in the stream's beginning; the rest is read and dropped. */
export async function firstMatch(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the program ended with "${text}"`);
    text += decoder.decode(value, { stream: true });
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
}
