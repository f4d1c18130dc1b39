/** A server that is killed at any moment of an enrolment: a code is used up with its key, or not at all. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { verifyAudit } from "../../../src/server/audit/verify.ts";
import { makeEnrollmentCode } from "../../../src/server/keys/enrollment-code.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { sha256 } from "../../../src/server/random.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import type { TestServer } from "../test-server.ts";
import { lookInto, requiresPostgres, startPostgres } from "../postgres.ts";
import { sqlite, type TestDatabase } from "./contract/database.ts";

const source = (path: string) => new URL(`../../../src/${path}`, import.meta.url).pathname;
const url = "http://localhost:8787";
const now = Math.floor(Date.now() / 1000);
/** A database of a PostgreSQL of its own. */
async function postgres(): Promise<TestDatabase> {
  const server = await startPostgres();
  const made = await server.database();
  const sql = lookInto(made);
  return {
    url: made,
    sql,
    async remove() {
      await sql.close();
      await server.remove();
    },
  };
}

const databases = [["SQLite", sqlite] as const, ...(requiresPostgres() ? [["PostgreSQL", postgres] as const] : [])];

describe.each(databases)("with %s", (_name, make) => {
  let database: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url, { create: true, now });
    await initializeServer(store, url, ["sts.amazonaws.com"], now);
  });
  afterAll(async () => {
    await store?.close();
    await database?.remove();
  });

  /** How many codes are used up, and how many keys there are. */
  async function counts(): Promise<{ used: number; keys: number }> {
    const [found] = await database.sql`
    SELECT (SELECT count(*) FROM invites WHERE used_at IS NOT NULL) AS used, (SELECT count(*) FROM credentials) AS keys`;
    return { used: Number(found.used), keys: Number(found.keys) };
  }

  test("a server that is killed between the claim of a code and the addition of its key leaves the code good", async () => {
    const { id } = await store.accounts.invite("dev@example.com", "hash", now, now + 600);
    const script = `
    import { openStore } from ${JSON.stringify(source("server/store/open.ts"))};
    const store = await openStore("${database.url}", { create: false, now: ${now} });
    await store.transaction(async ({ accounts }) => {
      if (await accounts.claimInvite("hash", "${id}", ${now})) process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    });`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    expect((await store.accounts.findInvite("hash"))?.usedAt).toBeUndefined();
    expect(await store.accounts.claimInvite("hash", id, now)).toBe(true);
    await store.accounts.removeInvites(id);
    await database.sql`DELETE FROM invites`;
  });

  test("a server that is killed again and again while people enrol leaves whole keys or good codes", async () => {
    let acknowledged = 0;
    for (let round = 0; round < 10; round++) {
      const child = Bun.spawn(
        [process.execPath, source("main.ts"), "server", "run", "--listen", "127.0.0.1:0", "--database", database.url],
        { stdout: "pipe", stderr: "ignore" },
      );
      const base = await firstAddress(child.stdout);
      const codes = Array.from({ length: 6 }, () => makeEnrollmentCode());
      for (const [index, code] of codes.entries()) {
        await store.accounts.invite(`person-${round}-${index}@example.com`, sha256(code), now, now + 600);
      }
      const post = async (route: string, json: object) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(base + route, { method: "POST", headers, body: JSON.stringify(json) });
        return (await answer.json()) as Awaited<ReturnType<TestServer["enrollOptions"]>>;
      };
      let finished = 0;
      const enrolling = codes.map(async (code) => {
        const { ceremony, options } = await post("/v1/enroll/options", { code });
        const credential = new TestSecurityKey().register(options, url);
        await post("/v1/enroll", { ceremony, code, credential });
        finished += 1;
        // A different moment in every round: when so many were answered.
        if (finished === round % codes.length) child.kill("SIGKILL");
      });
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await Promise.allSettled(enrolling);
      clearTimeout(timer);
      child.kill("SIGKILL");
      await child.exited;
      acknowledged += finished;
      const { used, keys } = await counts();
      expect(used).toBe(keys);
      expect(keys).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(0);
  }, 120_000);

  test("killed again and again while people log in, no session that was acknowledged is lost", async () => {
    const enrolled = await Promise.all(
      Array.from({ length: 4 }, async (_, index) => {
        const code = makeEnrollmentCode();
        await store.accounts.invite(`login-${index}@example.com`, sha256(code), now, now + 600);
        return { key: new TestSecurityKey(), dpop: await DpopKey.generate(), code };
      }),
    );
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const child = Bun.spawn(
        [process.execPath, source("main.ts"), "server", "run", "--listen", "127.0.0.1:0", "--database", database.url],
        { stdout: "pipe", stderr: "ignore" },
      );
      const base = await firstAddress(child.stdout);
      const post = async (route: string, body: object, headers: Record<string, string> = {}) => {
        const isForm = body instanceof URLSearchParams;
        const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
        const answer = await fetch(base + route, {
          method: "POST",
          headers: { "content-type": type, ...headers },
          body: isForm ? body : JSON.stringify(body),
        });
        expect(answer.status).toBe(200);
        return (await answer.json()) as ReturnType<typeof JSON.parse>;
      };
      const tokens: string[] = [];
      const loggingIn = enrolled.map(async ({ key, dpop, code }) => {
        if (round === 0) {
          const { ceremony, options } = await post("/v1/enroll/options", { code });
          await post("/v1/enroll", { ceremony, code, credential: key.register(options, url) });
        }
        for (;;) {
          const { ceremony, options } = await post("/v1/login/options", {});
          const credential = JSON.stringify(key.authenticate(options, url));
          const form = new URLSearchParams({ grant_type: webauthnGrant, ceremony, credential });
          const time = Math.floor(Date.now() / 1000);
          const proof = await dpop.proof({ url: `${url}/oauth/token`, now: time });
          tokens.push((await post("/oauth/token", form, { dpop: proof })).access_token as string);
          // A different moment in every round: when so many were answered.
          if (tokens.length > round + 3) child.kill("SIGKILL");
        }
      });
      await Promise.allSettled(loggingIn);
      child.kill("SIGKILL");
      await child.exited;
      for (const token of tokens) expect(await store.sessions.find(sha256(token))).toBeDefined();
      acknowledged += tokens.length;
    }
    expect(acknowledged).toBeGreaterThanOrEqual(6);
  }, 120_000);

  test("whenever it was killed, each key and each session has one entry in an audit log that is whole", async () => {
    const [found] = await database.sql`
      SELECT (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM credentials) AS keys,
        (SELECT count(*) FROM audit_entries WHERE event = 'login') AS logins,
        (SELECT count(*) FROM audit_entries WHERE event = 'enrol') AS enrolled`;
    expect([found.logins, found.enrolled].map(Number)).toEqual([found.sessions, found.keys].map(Number));
    const kids = (await store.signingKeys.all()).map(({ kid }) => kid);
    const { problems, chains } = await verifyAudit(store, { issuer: url, kids });
    expect(problems).toEqual([]);
    // Each of the servers had its own.
    expect(chains).toBeGreaterThan(10);
  });
});

async function firstAddress(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stdout) {
    text += new TextDecoder().decode(chunk);
    const address = /listening on (\S+)\n/.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`no address in "${text}"`);
}
