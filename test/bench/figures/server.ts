/** What the Vouch server answers in a second, with its database on disk, against an issuer that keeps all in memory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DpopKey } from "../../server/oauth/dpop-key.ts";
import { requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { report, rounds, skip } from "../report.ts";
import { range } from "../timing.ts";
import {
  type Ask,
  connections,
  firstMatch,
  made,
  type Member,
  ratePerSecond,
  startVouch,
  type VouchServer,
} from "../vouch-server.ts";

/** Requests of each round, for each of the two; as many before the first. */
const requests = 2_000;
const logins = 400;

/** Names of the figures with SQLite, and with PostgreSQL. */
export const loginRates = ["server_logins_per_s", "server_logins_per_s_on_postgres"] as const;
export const tokenRatios = [
  "server_id_tokens_per_s_over_oidc_provider",
  "server_id_tokens_per_s_over_oidc_provider_on_postgres",
] as const;

/** Logins alone, and ID tokens against `oidc-provider`, rounds in turn; `folder` is empty and private to it. */
export async function measureServer(folder: string): Promise<void> {
  const other = await startOidcProvider(folder);
  try {
    await measureDatabase(`sqlite:${join(folder, "server.db")}`, other, loginRates[0], tokenRatios[0]);
    if (!requiresPostgres()) {
      for (const name of [loginRates[1], tokenRatios[1]]) skip(name, "PostgreSQL is not installed");
      return;
    }
    const postgres = await startPostgres({ fsync: "on" });
    try {
      await measureDatabase(await postgres.database(), other, loginRates[1], tokenRatios[1]);
    } finally {
      await postgres.remove();
    }
  } finally {
    if (typeof other !== "string") await other.stop();
  }
}

async function measureDatabase(
  database: string,
  other: OidcProvider | string,
  loginRate: string,
  tokenRatio: string,
): Promise<void> {
  const vouch = await startVouch(database);
  try {
    const people = await vouch.enroll(connections);
    const rates = await made(rounds + 1, async () =>
      ratePerSecond(logins, (connection) => vouch.login(people[connection]!)),
    );
    report(loginRate, rates.slice(1), `logins a second, ${connections} at once (options and token request)`);
    if (typeof other === "string") return skip(tokenRatio, other);
    const own: number[] = [];
    const others: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const pair = [await idTokenRate(vouch, people), await ratePerSecond(requests, await other.asks(requests))];
      if (round === 0) continue;
      own.push(pair[0]!);
      others.push(pair[1]!);
    }
    report(
      tokenRatio,
      own.map((rate, index) => rate / others[index]!),
      `ID tokens a second: ${range(own)}; oidc-provider's tokens by client credentials: ${range(others)}`,
    );
  } finally {
    await vouch.stop();
  }
}

async function idTokenRate(vouch: VouchServer, people: Member[]): Promise<number> {
  const tokens = await Promise.all(people.map((person) => vouch.accessToken(person)));
  const proofs = await made(requests, (number) => vouch.proof(people[number % connections]!.dpop));
  return ratePerSecond(requests, (connection, number) => vouch.idToken(tokens[connection]!, proofs[number]!));
}

interface OidcProvider {
  asks(count: number): Promise<Ask>;
  stop(): Promise<void>;
}

/** npm's oidc-provider, installed for this run; or why it is not there. */
async function startOidcProvider(folder: string): Promise<OidcProvider | string> {
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
    async asks(count) {
      const now = Math.floor(Date.now() / 1000);
      const proofs = await made(count, async () => dpop.proof({ url: `${url}/token`, now }));
      return async (_, number) =>
        fetch(`${url}/token`, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded", dpop: proofs[number]! },
          body: form,
        });
    },
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}
