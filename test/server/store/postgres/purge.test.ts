/** The deletion of what has expired, while a backup keeps PostgreSQL from forgetting the deleted rows. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openStore } from "../../../../src/server/store/open.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../postgres.ts";

const now = 1_800_000_000;
const week = 7 * 24 * 3600;
const rows = 10_000;

/** What has expired, by table; `n` counts up to `rows`. */
const backlog = {
  ceremonies: `INSERT INTO ceremonies (id, type, challenge, expires_at)
    SELECT md5(n::text), 'login', 'c', ${now} - n FROM numbers`,
  dpop_proofs: `INSERT INTO dpop_proofs (id, expires_at)
    SELECT (${now} - n % 600) || ' ' || md5(n::text), ${now} - n % 600 FROM numbers`,
  sessions: `INSERT INTO sessions (token_hash, user_id, credential_id, jkt, created_at, expires_at)
    SELECT md5(n::text), 'person', 'key', 'j', ${now - 2 * week}, ${now - week} - n FROM numbers`,
  page_sessions: `INSERT INTO page_sessions (token_hash, user_id, method, created_at, used_at, expires_at)
    SELECT md5(n::text), 'person', 'sso', ${now - week}, ${now - week}, ${now} - n FROM numbers`,
  invites: `INSERT INTO invites (code_hash, user_id, created_at, expires_at)
    SELECT md5(n::text), 'person', ${now - 2 * week}, ${now - week} - n FROM numbers`,
};

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres({ autovacuum: "off" });
  });
  afterAll(async () => server?.remove());

  test("a purge steps over no row again and again, while a snapshot keeps the deleted ones", async () => {
    const url = await server.database();
    const store = await openStore(url, { create: true, now });
    const sql = lookInto(url);
    await sql.unsafe(`INSERT INTO users (id, email, created_at) VALUES ('person', 'dev@example.com', 1)`);
    await sql.unsafe(`INSERT INTO credentials (id, user_id, public_key, counter, aaguid, transports, backup_eligible,
        backed_up, name, created_at, sequence) VALUES ('key', 'person', 'p', 1, 'a', '[]', 0, 0, 'key', 1, 1)`);
    const numbers = `WITH numbers AS (SELECT n FROM generate_series(1, ${rows}) AS n)`;
    for (const insert of Object.values(backlog)) await sql.unsafe(`${numbers} ${insert}`);
    const reader = await sql.reserve();
    await reader`BEGIN ISOLATION LEVEL REPEATABLE READ`;
    await reader`SELECT count(*) FROM sessions`;

    await store.purge(now);
    for (const table of Object.keys(backlog)) {
      const [left] = await sql.unsafe(`SELECT count(*) AS number FROM ${table}`);
      expect(Number(left.number)).toBe(0);
    }
    await store.close();
    // A backend writes what it counted at its end.
    for (let others = 1; others > 0;) {
      const [counted] = await sql`
        SELECT count(*) AS number FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'vouch'`;
      others = Number(counted.number);
    }
    // Each row is found by its place and by its key; from the beginning it would be half of all rows in each batch.
    for (const table of Object.keys(backlog)) {
      const [read] = await sql`
        SELECT sum(idx_tup_read) AS number FROM pg_stat_user_indexes WHERE relname = CAST(${table} AS TEXT)`;
      expect(Number(read.number)).toBeGreaterThanOrEqual(rows);
      expect(Number(read.number)).toBeLessThan(8 * rows);
    }
    await reader`ROLLBACK`;
    await reader.release();
    await sql.close();
  });
});
