/** One of several servers with the same database, as a process; and what a client behind a load balancer does. */
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { makeEnrollmentCode } from "../../../src/server/keys/enrollment-code.ts";
import { sha256 } from "../../../src/server/random.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
/** What the replicas are reached by; the tests go to each directly. */
export const url = "http://localhost:8787";

export interface Replica {
  /** Where it listens. */
  base: string;
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** Starts one that makes the tables if there are none, and waits until it listens. */
export async function startReplica(database: string, ...args: string[]): Promise<Replica> {
  const child = Bun.spawn(
    [
      process.execPath,
      main,
      "server",
      "run",
      "--url",
      url,
      "--listen",
      "127.0.0.1:0",
      "--trust-proxy",
      "--database",
      database,
      "--person-limit",
      "1000000",
      "--credential-limit",
      "1000000",
      ...args,
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    const base = /listening on (\S+)\n/.exec(text)?.[1];
    if (base === undefined) continue;
    return {
      base,
      async kill(signal = "SIGTERM") {
        child.kill(signal);
        await child.exited;
      },
    };
  }
  throw new Error(`no address in "${text}"`);
}

export interface Reply {
  status: number;
  body: ReturnType<typeof JSON.parse>;
}

let clients = 0;

/** Sends from an address of its own, so that no limit per address is met. Rejects when the replica is gone. */
export async function send(
  base: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const isForm = body instanceof URLSearchParams;
  const client = ++clients;
  const response = await fetch(base + path, {
    method: "POST",
    headers: {
      "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json",
      "x-forwarded-for": `10.${(client >> 16) & 255}.${(client >> 8) & 255}.${client & 255}`,
      ...headers,
    },
    body: isForm ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** An assertion for a login that has begun, as the form of the token endpoint. */
export async function assertion(base: string, key: TestSecurityKey): Promise<URLSearchParams> {
  const { body } = await send(base, "/v1/login/options", {});
  return signed(body, key);
}

function signed(begun: Reply["body"], key: TestSecurityKey): URLSearchParams {
  const credential = JSON.stringify(key.authenticate(begun.options, url));
  return new URLSearchParams({ grant_type: webauthnGrant, ceremony: begun.ceremony, credential });
}

/** A whole login, or the answer that refused it. Rejects when the replica is gone. */
export async function login(base: string, key: TestSecurityKey, dpop: DpopKey): Promise<Reply> {
  const begun = await send(base, "/v1/login/options", {});
  if (begun.status !== 200) return begun;
  return await send(base, "/oauth/token", signed(begun.body, key), await proof(dpop));
}

export async function proof(dpop: DpopKey): Promise<{ dpop: string }> {
  return { dpop: await dpop.proof({ url: `${url}/oauth/token`, now: Math.floor(Date.now() / 1000) }) };
}

/** Somebody new with an enrolled key. */
export async function enrolled(
  base: string,
  store: Store,
  email: string,
): Promise<{ key: TestSecurityKey; dpop: DpopKey }> {
  const code = makeEnrollmentCode();
  const time = Math.floor(Date.now() / 1000);
  await store.accounts.invite(email, sha256(code), time, time + 3600);
  const { body } = await send(base, "/v1/enroll/options", { code });
  const key = new TestSecurityKey();
  const { status } = await send(base, "/v1/enroll", {
    ceremony: body.ceremony,
    code,
    credential: key.register(body.options, url),
  });
  if (status !== 200) throw new Error(`not enrolled: ${status}`);
  return { key, dpop: await DpopKey.generate() };
}
