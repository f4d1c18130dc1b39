/** What the Vouch server answers in a second, with its database on disk, against an issuer that keeps all in memory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { tokenExchangeGrant, webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { executable } from "../../laptop.ts";
import { DpopKey } from "../../server/oauth/dpop-key.ts";
import { TestSecurityKey } from "../../server/webauthn/security-key.ts";
import { report, rounds, skip } from "../report.ts";
import { range } from "../timing.ts";

const connections = 8;

/** Requests of each round, for each of the two; as many before the first. */
const requests = 2_000;
const logins = 400;

/** One request of a connection, numbered; its answer must have the status 200. */
type Ask = (connection: number, number: number) => Promise<Response>;

/** ID tokens against `oidc-provider`, rounds in turn; logins alone. `folder` is empty and private to it. */
export async function measureServer(folder: string): Promise<void> {
  const vouch = await startVouch(folder);
  try {
    const people = await Promise.all(Array.from({ length: connections }, async () => vouch.enroll()));
    const loginRates: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const rate = await ratePerSecond(logins, async (connection) => (await vouch.login(people[connection]!)).response);
      if (round > 0) loginRates.push(rate);
    }
    report("server_logins_per_s", loginRates, `logins a second, ${connections} at once (options and token request)`);
    const figure = "server_id_tokens_per_s_over_oidc_provider";
    const other = await startOidcProvider(folder);
    if (typeof other === "string") return skip(figure, other);
    try {
      const own: number[] = [];
      const others: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const rates = [
          await idTokenRate(vouch, people, requests),
          await ratePerSecond(requests, await other.asks(requests)),
        ];
        if (round === 0) continue;
        own.push(rates[0]!);
        others.push(rates[1]!);
      }
      report(
        figure,
        own.map((rate, index) => rate / others[index]!),
        `ID tokens a second: ${range(own)}; oidc-provider's tokens by client credentials: ${range(others)}`,
      );
    } finally {
      other.process.kill();
      await other.process.exited;
    }
  } finally {
    vouch.process.kill();
    await vouch.process.exited;
  }
}

interface Member {
  key: TestSecurityKey;
  dpop: DpopKey;
}

/** The product's executable, on its own database; every request comes from an address of its own, past its limit. */
async function startVouch(folder: string) {
  const database = `sqlite:${join(folder, "server.db")}`;
  const run = ["server", "run", "--listen", "127.0.0.1:0", "--trust-proxy", "--database", database];
  const limits = ["--person-limit", "1000000", "--credential-limit", "1000000"];
  const origin = "http://localhost:8787";
  const child = Bun.spawn([executable, ...run, ...limits, "--url", origin], { stdout: "pipe", stderr: "ignore" });
  const base = await firstMatch(child.stdout, /listening on (\S+)\n/);
  let address = 0;
  const send = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const from = `10.${(++address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`;
    const isForm = body instanceof URLSearchParams;
    return fetch(base + path, {
      method: "POST",
      headers: { ...(isForm ? {} : { "content-type": "application/json" }), "x-forwarded-for": from, ...headers },
      body: isForm ? body : JSON.stringify(body),
    });
  };
  const json = async (response: Response): Promise<ReturnType<typeof JSON.parse>> => {
    const text = await response.text();
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  const proof = async (dpop: DpopKey) =>
    dpop.proof({ url: `${origin}/oauth/token`, now: Math.floor(Date.now() / 1000) });
  let people = 0;
  return {
    process: child,
    send,
    proof,
    async enroll(): Promise<Member> {
      const email = `person-${++people}@example.com`;
      const invited = Bun.spawn([executable, "server", "invite", email, "--json", "--database", database]);
      const { code } = (await new Response(invited.stdout).json()) as { code: string };
      const { ceremony, options } = await json(await send("/v1/enroll/options", { code }));
      const key = new TestSecurityKey();
      await json(await send("/v1/enroll", { ceremony, code, credential: key.register(options, origin) }));
      return { key, dpop: await DpopKey.generate() };
    },
    async login({ key, dpop }: Member): Promise<{ response: Response; token: () => Promise<string> }> {
      const { ceremony, options } = await json(await send("/v1/login/options", {}));
      const credential = JSON.stringify(key.authenticate(options, origin));
      const body = new URLSearchParams({ grant_type: webauthnGrant, ceremony, credential });
      const response = await send("/oauth/token", body, { dpop: await proof(dpop) });
      return { response, token: async () => (await json(response)).access_token as string };
    },
  };
}

async function idTokenRate(
  vouch: Awaited<ReturnType<typeof startVouch>>,
  people: Member[],
  count: number,
): Promise<number> {
  const tokens = await Promise.all(people.map(async (person) => (await vouch.login(person)).token()));
  const proofs = await made(count, async (number) => vouch.proof(people[number % connections]!.dpop));
  return ratePerSecond(count, async (connection, number) => {
    const body = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: tokens[connection]!,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    });
    return vouch.send("/oauth/token", body, { dpop: proofs[number]! });
  });
}

/** npm's oidc-provider, installed for this run; or why it is not there. */
async function startOidcProvider(folder: string) {
  const [node, npm] = [Bun.which("node"), Bun.which("npm")];
  if (node === null || npm === null) return "Node.js and npm are not on PATH";
  const root = join(folder, "oidc-provider");
  mkdirSync(root);
  const install = [
    npm,
    "install",
    "--prefix",
    root,
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "oidc-provider@9.13.3",
  ];
  const { success } = Bun.spawnSync(install, { cwd: root, stdio: ["ignore", "ignore", "ignore"], timeout: 120_000 });
  if (!success) return "npm cannot install oidc-provider";
  const program = join(import.meta.dir, "../oidc-provider.mjs");
  const child = Bun.spawn([node, program, root], { stdout: "pipe", stderr: "ignore" });
  const url = await firstMatch(child.stdout, /^(http\S+)\n/);
  const dpop = await DpopKey.generate();
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: "bench",
    client_secret: "bench-secret",
  }).toString();
  return {
    process: child,
    async asks(count: number): Promise<Ask> {
      const now = Math.floor(Date.now() / 1000);
      const proofs = await made(count, async () => dpop.proof({ url: `${url}/token`, now }));
      return async (_, number) =>
        fetch(`${url}/token`, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded", dpop: proofs[number]! },
          body: form,
        });
    },
  };
}

/** Answers a second, with as many requests at once as there are connections. Throws when one is not 200. */
async function ratePerSecond(count: number, ask: Ask): Promise<number> {
  const before = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let number = connection; number < count; number += connections) {
        const response = await ask(connection, number);
        const text = await response.text();
        if (!response.ok) throw new Error(`expected 200, got ${response.status}: ${text}`);
      }
    }),
  );
  return count / ((performance.now() - before) / 1000);
}

async function made<Value>(count: number, make: (number: number) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let number = 0; number < count; number++) values.push(await make(number));
  return values;
}

/** What the pattern's group matches in the stream's beginning; the rest is read and dropped. */
async function firstMatch(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
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
