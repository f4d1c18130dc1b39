/** PostgreSQL that goes away in the middle: what was acknowledged is there, what was not may be tried again. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import { databaseFailure } from "../../../../src/server/store/failure.ts";
import { postgresAddress } from "../../../../src/server/store/postgres/address.ts";
import type { PoolLimits } from "../../../../src/server/store/postgres/pool.ts";
import { openPostgresStore, type PostgresStore } from "../../../../src/server/store/postgres/store.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../postgres.ts";
import { versions } from "../../../../src/server/store/schema-versions.ts";
import { takeBackTo } from "../contract/database.ts";
import { type DroppingProxy, droppingProxy } from "./dropping-proxy.ts";

const now = 1_800_000_000;

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  let proxy: DroppingProxy;
  let url: string;
  let sql: SQL;
  let store: PostgresStore;
  beforeAll(async () => {
    server = await startPostgres();
    proxy = await droppingProxy(server.port);
  });
  afterAll(async () => {
    proxy?.close();
    await server?.remove();
  });
  beforeEach(async () => {
    url = await server.database();
    sql = lookInto(url);
    store = await open();
  });
  afterEach(async () => {
    await store.close();
    await sql.close();
  });

  /** Patient, unless the test changes its `limits` afterwards. */
  const open = (limits: PoolLimits = {}, at = proxy.port, as = "vouch") => {
    const address = url.replace(`:${server.port}`, `:${at}`).replace("vouch@", `${as}@`);
    const options = Object.assign(limits, { patienceMs: 60_000, attemptMs: 60_000, ...limits, create: true, now });
    return openPostgresStore(postgresAddress(address, undefined), options);
  };
  /** What follows the time in their ids. */
  const proofs = async () =>
    (await sql`SELECT id FROM dpop_proofs ORDER BY id`).map(({ id }: { id: string }) => id.split(" ")[1]);
  /** A transaction of two statements; `runs` counts how often it began. */
  const twoProofs = (runs: { count: number }, id: string) =>
    store.transaction(async ({ sessions }) => {
      runs.count++;
      return [await sessions.rememberProof(`${id}-1`, now), await sessions.rememberProof(`${id}-2`, now)];
    });
  const failure = async (work: Promise<unknown>) => databaseFailure(await work.catch((error: unknown) => error));

  test("a transaction whose connection is lost before its commit runs again and is made once", async () => {
    for (const text of ["BEGIN", "a-1", "a-2"]) {
      await sql`DELETE FROM dpop_proofs`;
      const runs = { count: 0 };
      const dropped = proxy.dropAt(text, "before");
      expect(await twoProofs(runs, "a")).toEqual([true, true]);
      await dropped;
      expect({ text, runs: runs.count, kept: await proofs() }).toEqual({
        text,
        runs: text === "BEGIN" ? 1 : 2,
        kept: ["a-1", "a-2"],
      });
    }
  });

  test("a transaction whose commit was not answered fails, and is not made twice", async () => {
    const runs = { count: 0 };
    const dropped = proxy.dropAt("COMMIT", "after");
    expect(await failure(twoProofs(runs, "a"))).toBe("the connection to it was lost");
    await dropped;
    expect({ runs: runs.count, kept: await proofs() }).toEqual({ runs: 1, kept: ["a-1", "a-2"] });
    expect(await twoProofs(runs, "a")).toEqual([false, false]);
  });

  test("a transaction in which a statement failed is not taken for made, though nobody looked at the failure", async () => {
    const swallowing = store.transaction(async ({ sessions, ceremonies }) => {
      await sessions.rememberProof("a", now);
      const unknown = { id: "c", challenge: "c", userId: "nobody", expiresAt: now } as const;
      await ceremonies.add({ ...unknown, type: "addition" }).catch(() => undefined);
    });
    const error: unknown = await swallowing.catch((thrown: unknown) => thrown);
    expect((error as Error).message).toContain("rolled back");
    expect(await proofs()).toEqual([]);
  });

  test("a statement that writes and was not answered fails; one that reads is repeated", async () => {
    const dropped = proxy.dropAt("written", "after");
    expect(await failure(store.sessions.rememberProof("written", now))).toBe("the connection to it was lost");
    await dropped;
    expect(await proofs()).toEqual(["written"]);
    expect(await store.sessions.rememberProof("written", now)).toBe(false);
    await store.accounts.invite("dev@example.com", "code", now, now + 9);
    const lost = proxy.dropAt("dev@example.com", "after");
    expect(await store.accounts.findUser("dev@example.com")).toMatchObject({ email: "dev@example.com" });
    await lost;
  });

  test("connections that are ended while nobody uses them are replaced without a word, ten at most", async () => {
    for (let round = 0; round < 5; round++) {
      const ids = Array.from({ length: 40 }, (_, index) => `${round}-${index}`);
      const runs = { count: 0 };
      expect(await Promise.all(ids.map((id) => twoProofs(runs, id)))).toEqual(ids.map(() => [true, true]));
      const ended = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'vouch-%' AND datname = current_database()`;
      expect(ended.length).toBeGreaterThan(0);
      expect(ended.length).toBeLessThanOrEqual(10);
    }
  });

  test("after connections were lost while nobody asked, an entry follows on the last that the database still has", async () => {
    const record = async () => store.transaction(async (tables) => tables.record({ event: "login" }));
    for (let index = 0; index < 3; index++) await record();
    // A standby that took over had not received the last one.
    await sql`DELETE FROM audit_entries WHERE number = 3`;
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'vouch-%' AND datname = current_database()`;
    // Reads find the connections ended, and get others.
    await Promise.all(Array.from({ length: 40 }, () => store.accounts.findUser("nobody@example.com")));
    await record();
    const numbers = (await sql`SELECT number FROM audit_entries ORDER BY number`) as { number: unknown }[];
    expect(numbers.map(({ number }) => Number(number))).toEqual([1, 2, 3]);
  });

  test("while connections are ended under load, every acknowledged proof is kept", async () => {
    const acknowledged: string[] = [];
    const state = { isEnding: true };
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 0; state.isEnding; index++) {
        const id = `${writer}-${index}`;
        if (await store.sessions.rememberProof(id, now).catch(() => false)) acknowledged.push(id);
      }
    });
    for (let kills = 0; kills < 20;) {
      const ended = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'vouch-%' AND datname = current_database()`;
      if (ended.length > 0) kills++;
    }
    state.isEnding = false;
    await Promise.all(writers);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(await proofs()).toEqual(expect.arrayContaining(acknowledged));
  });

  test("a request waits for a database that restarts, also after a crash", async () => {
    for (const how of ["SIGINT", "SIGQUIT"] as const) {
      await sql.close();
      await server.stop(how);
      const waiting = twoProofs({ count: 0 }, how);
      await server.start();
      sql = lookInto(url);
      expect(await waiting).toEqual([true, true]);
    }
    expect(await proofs()).toEqual(["SIGINT-1", "SIGINT-2", "SIGQUIT-1", "SIGQUIT-2"]);
  });

  test("a database that is down is said to be, when the patience is over", async () => {
    const limits: PoolLimits = {};
    const impatient = await open(limits, server.port);
    await sql.close();
    limits.patienceMs = 50;
    await server.stop();
    expect(await failure(impatient.sessions.rememberProof("a", now))).toBe("it cannot be reached");
    await server.start();
    sql = lookInto(url);
    limits.patienceMs = 60_000;
    expect(await impatient.sessions.rememberProof("a", now)).toBe(true);
    await impatient.close();
  });

  test("a database that does not answer holds up no request for good", async () => {
    const limits: PoolLimits = {};
    const impatient = await open(limits);
    const goOn = proxy.swallow();
    const error: unknown = await open({ patienceMs: 200 }).catch((thrown: unknown) => thrown);
    goOn();
    expect(error).toMatchObject({ code: "network", message: expect.stringContaining("it did not answer in time") });
    // A lock stands for a server that is stuck: it keeps the statement and answers nothing.
    await sql.begin(async (holding) => {
      await holding`LOCK TABLE dpop_proofs`;
      Object.assign(limits, { patienceMs: 200, attemptMs: 200 });
      expect(await failure(impatient.sessions.rememberProof("a", now))).toBe("it did not answer in time");
    });
    Object.assign(limits, { patienceMs: 60_000, attemptMs: 60_000 });
    expect(await impatient.sessions.rememberProof("b", now)).toBe(true);
    await impatient.close();
  });

  test("processes that open a new database at once make its tables once", async () => {
    url = await server.database();
    const all = await Promise.all(Array.from({ length: 6 }, () => open({}, server.port)));
    await Promise.all(all.map(async (each, index) => each.accounts.invite(`${index}@x.y`, `${index}`, now, now + 9)));
    expect(await all[0]!.accounts.users(now)).toHaveLength(6);
    const fresh = lookInto(url);
    const found = await fresh`SELECT version FROM schema_versions ORDER BY version`;
    await fresh.close();
    expect(found.map(({ version }: { version: number }) => version)).toEqual(versions.map((_, index) => index + 1));
    for (const each of all) await each.close();
  });

  test("a migration does not queue behind a reader of the tables, and is made by the next start", async () => {
    await takeBackTo(2, sql);
    const newest = async () => Number((await sql`SELECT max(version) AS version FROM schema_versions`)[0].version);
    await sql.begin(async (reading) => {
      await reading`SELECT * FROM schema_versions`;
      const error: unknown = await open({}, server.port).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "network", message: expect.stringContaining("holds a lock on its tables") });
    });
    expect(await newest()).toBe(2);
    await (await open({}, server.port)).close();
    expect(await newest()).toBe(versions.length);
  });

  test("a readiness probe does not wait for a database that is away as long as a request does", async () => {
    const patient = await open({ patienceMs: 24 * 3600_000 }, server.port);
    await patient.probe(now);
    await server.stop();
    try {
      expect(await failure(patient.probe(now))).toMatch(/cannot be reached|connection to it was lost|shutting down/);
    } finally {
      await server.start();
    }
    await patient.probe(now);
    await patient.close();
  });

  test("a user that may only read and write is enough once the tables are there", async () => {
    await sql.unsafe(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN`).simple();
    await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader`;
    const reading = await open({}, server.port, "reader");
    await reading.accounts.invite("dev@example.com", "code", now, now + 9);
    expect(await reading.accounts.claimInvite("code", (await reading.accounts.users(now))[0]!.id, now)).toBe(true);
    await reading.probe(now);
    await reading.purge(now);
    await reading.close();
    await sql`DROP OWNED BY reader`;
  });
});
