/** People with security keys who log in to a server and get ID tokens from it, over HTTP. */
import { tokenExchangeGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { DpopKey } from "../../server/oauth/dpop-key.ts";
import { assertion, proof, type Reply, send, url } from "../../server/replicas/replica.ts";
import { TestSecurityKey } from "../../server/webauthn/security-key.ts";
import type { Machine } from "./machine.ts";

export interface Person {
  email: string;
  key: TestSecurityKey;
  dpop: DpopKey;
}

/** What servers of these people are made for: `vouch server init --url`. */
export { url };

/** Invites somebody by the machine's command line and enrols a key at its server. */
export async function enrol(machine: Pick<Machine, "base" | "type">, email: string): Promise<Person> {
  const { code } = JSON.parse(await machine.type(`vouch server invite ${email} --json`)) as { code: string };
  const { body } = await send(machine.base(), "/v1/enroll/options", { code });
  const key = new TestSecurityKey();
  const credential = key.register(body.options, url);
  const { status } = await send(machine.base(), "/v1/enroll", { ceremony: body.ceremony, code, credential });
  if (status !== 200) throw new Error(`not enrolled: ${status}`);
  return { email, key, dpop: await DpopKey.generate() };
}

/** Logs in: the reply of the token endpoint. */
export async function login(base: string, { key, dpop }: Person): Promise<Reply> {
  return send(base, "/oauth/token", await assertion(base, key), await proof(dpop));
}

/** Exchanges a session for an ID token. */
export async function exchange(base: string, { dpop }: Person, accessToken: string): Promise<Reply> {
  const form = new URLSearchParams({
    grant_type: tokenExchangeGrant,
    subject_token: accessToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  });
  const now = Math.floor(Date.now() / 1000);
  const bound = await dpop.proof({ url: `${url}/oauth/token`, now, claims: { ath: sha256(accessToken) } });
  return send(base, "/oauth/token", form, { dpop: bound });
}

/** The ids of the keys in the server's JWKS. */
export async function kids(base: string): Promise<string[]> {
  const { keys } = (await (await fetch(`${base}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

export interface Load {
  /** Access tokens that were given, in the order of their answers. */
  tokens: { person: Person; token: string }[];
  /** Resolves when so many more requests have been answered. */
  more(requests: number): Promise<void>;
  /** Ends it; returns the replies other than 200. */
  stop(): Promise<Reply[]>;
}

/** Everybody logs in and gets an ID token, again and again. */
export function startLoad(base: string, people: Person[]): Load {
  const phase = { isOver: false };
  const answers: number[] = [];
  const failures: Reply[] = [];
  const tokens: Load["tokens"] = [];
  const count = (reply: Reply) => {
    answers.push(reply.status);
    if (reply.status !== 200) failures.push(reply);
  };
  const running = people.map(async (person) => {
    while (!phase.isOver) {
      const reply = await login(base, person);
      count(reply);
      tokens.push({ person, token: reply.body.access_token });
      count(await exchange(base, person, reply.body.access_token));
    }
  });
  return {
    tokens,
    async more(requests) {
      const goal = answers.length + requests;
      while (answers.length < goal) await Bun.sleep(5);
    },
    async stop() {
      phase.isOver = true;
      await Promise.all(running);
      return failures;
    },
  };
}
