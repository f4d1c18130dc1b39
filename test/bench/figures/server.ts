/** What the Vouch server answers in a second, with its database on disk, against an issuer that keeps all in memory. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DpopKey } from "../../server/oauth/dpop-key.ts";
import { requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { processorSeconds } from "../processor-time.ts";
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

interface Names {
  logins: string;
  tokens: string;
  /** Undefined where the database is another process, whose time this is not. */
  cost?: string;
}

const onSqlite = {
  logins: "server_logins_per_s",
  tokens: "server_id_tokens_per_s_over_oidc_provider",
  cost: "server_id_token_cost_over_oidc_provider",
};
const onPostgres = {
  logins: "server_logins_per_s_on_postgres",
  tokens: "server_id_tokens_per_s_over_oidc_provider_on_postgres",
};

/** The names of all figures. */
export const serverFigures = [...Object.values(onSqlite), ...Object.values(onPostgres)];

/** Logins alone, and ID tokens against `oidc-provider`, rounds in turn; `folder` is empty and private to it. */
export async function measureServer(folder: string): Promise<void> {
  const other = await startOidcProvider(folder);
  try {
    await measureDatabase(`sqlite:${join(folder, "server.db")}`, other, onSqlite);
    if (!requiresPostgres()) {
      for (const name of Object.values(onPostgres)) skip(name, "PostgreSQL is not installed");
      return;
    }
    const postgres = await startPostgres({ fsync: "on" });
    try {
      await measureDatabase(await postgres.database(), other, onPostgres);
    } finally {
      await postgres.remove();
    }
  } finally {
    if (typeof other !== "string") await other.stop();
  }
}

async function measureDatabase(database: string, other: OidcProvider | string, names: Names): Promise<void> {
  const vouch = await startVouch(database);
  try {
    const people = await vouch.enroll(connections);
    const rates = await made(rounds + 1, async () =>
      ratePerSecond(logins, (connection) => vouch.login(people[connection]!)),
    );
    report(names.logins, rates.slice(1), `logins a second, ${connections} at once (options and token request)`);
    if (typeof other === "string") {
      for (const name of [names.tokens, names.cost]) if (name !== undefined) skip(name, other);
      return;
    }
    const pairs = await made(rounds + 1, async () => ({
      own: await measured(vouch.process.pid, await idTokens(vouch, people)),
      other: await measured(other.pid, await other.asks(requests)),
    }));
    const own = pairs.slice(1).map((pair) => pair.own);
    const others = pairs.slice(1).map((pair) => pair.other);
    const words = "oidc-provider's tokens by client credentials";
    report(
      names.tokens,
      own.map(({ rate }, index) => rate / others[index]!.rate),
      `ID tokens a second: ${range(own.map(({ rate }) => rate))}; ${words}: ${range(others.map(({ rate }) => rate))}`,
    );
    if (names.cost === undefined) return;
    report(
      names.cost,
      own.map(({ micros }, index) => micros / others[index]!.micros),
      `processor time in microseconds: ${range(own.map(({ micros }) => micros))}; ${words}: ${range(others.map(({ micros }) => micros))}`,
    );
  } finally {
    await vouch.stop();
  }
}

/** The rate of these requests, and the processor time of the process for each. */
async function measured(pid: number, ask: Ask): Promise<{ rate: number; micros: number }> {
  const before = processorSeconds(pid);
  const rate = await ratePerSecond(requests, ask);
  return { rate, micros: ((processorSeconds(pid) - before) / requests) * 1e6 };
}

async function idTokens(vouch: VouchServer, people: Member[]): Promise<Ask> {
  const tokens = await Promise.all(people.map((person) => vouch.accessToken(person)));
  const proofs = await made(requests, (number) => vouch.proof(people[number % connections]!.dpop));
  return (connection, number) => vouch.idToken(tokens[connection]!, proofs[number]!);
}

interface OidcProvider {
  pid: number;
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
    pid: child.pid,
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
