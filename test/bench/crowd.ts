/** Fills a database with people, security keys and sessions, as they are after a busy week of a large company. */
import { SQL } from "bun";
import { lookInto } from "../server/postgres.ts";

export interface Crowd {
  people: number;
  keys: number;
  sessions: number;
}

const weekSeconds = 7 * 24 * 3600;
const sessionSeconds = 8 * 3600;

/** Runs statements on the database, which no server may have open. */
async function onDatabase(database: string, work: (sql: SQL, isPostgres: boolean) => Promise<void>): Promise<void> {
  const isPostgres = database.startsWith("postgres:");
  const sql = isPostgres
    ? lookInto(database)
    : new SQL({ adapter: "sqlite", filename: database.replace("sqlite:", "") });
  try {
    await work(sql, isPostgres);
  } finally {
    await sql.close();
  }
}

/** Adds them; `now` in seconds since 1970. Each session has its entry in the audit log, in a chain of its own. */
export async function addCrowd(database: string, { people, keys, sessions }: Crowd, now: number): Promise<void> {
  await onDatabase(database, async (sql, isPostgres) => {
    const id = scrambled(isPostgres);
    const owner = (key: string) => id("u", `(${key} % ${people}) + 1`);
    const created = `${now - weekSeconds} + n * ${weekSeconds} / ${sessions}`;
    const key = `((n % ${keys}) + 1)`;
    if (!isPostgres) await sql.unsafe("PRAGMA synchronous = OFF");
    await sql.unsafe(`INSERT INTO users (id, email, created_at) ${upTo(people)}
      SELECT ${id("u", "n")}, 'crowd-' || ${id("", "n")} || '@example.com', ${now} FROM numbers`);
    await sql.unsafe(`INSERT INTO credentials (id, user_id, public_key, counter, aaguid, transports, backup_eligible,
        backed_up, name, created_at, sequence) ${upTo(keys)}
      SELECT ${id("k", "n")}, ${owner("n")}, '${"A".repeat(103)}', 1, '00000000-0000-0000-0000-000000000000', '[]', 0, 0,
        'key ' || n, ${now}, 1000 + n FROM numbers`);
    await sql.unsafe(`INSERT INTO sessions (token_hash, user_id, credential_id, jkt, created_at, expires_at, revoked_at)
      ${upTo(sessions)}
      SELECT ${id("s", "n")}, ${owner(key)}, ${id("k", key)}, '${"j".repeat(43)}', ${created},
        ${created} + ${sessionSeconds}, CASE WHEN n % 10 = 0 THEN ${created} + 60 END FROM numbers`);
    await sql.unsafe(`INSERT INTO audit_entries (chain, number, recorded_at, event, user_id, credential_id, detail,
        previous, hash) ${upTo(sessions)}
      SELECT 'crowd/0', n, ${created}, 'login', ${owner(key)}, ${id("k", key)}, '{}', ${id("h", "n - 1")}, ${id("h", "n")}
      FROM numbers`);
    if (isPostgres) await sql.unsafe("VACUUM ANALYZE");
  });
}

/** Adds sessions that the next purge deletes, of the person and the key that were enrolled first. */
export async function addEnded(database: string, count: number, now: number): Promise<void> {
  await onDatabase(database, async (sql, isPostgres) => {
    const id = scrambled(isPostgres);
    const before = now - 2 * weekSeconds;
    await sql.unsafe(`INSERT INTO sessions (token_hash, user_id, credential_id, jkt, created_at, expires_at)
      ${upTo(count)}
      SELECT ${id("e", "n")}, first.user_id, first.id, '${"j".repeat(43)}', ${before}, ${before} + n
      FROM numbers, (SELECT id, user_id FROM credentials ORDER BY sequence LIMIT 1) AS first`);
  });
}

function upTo(count: number): string {
  return `WITH RECURSIVE numbers (n) AS (
    SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;
}

/** An id of 43 characters for each number, in no order: a bijection of 32 bits. */
function scrambled(isPostgres: boolean): (kind: string, number: string) => string {
  return (kind, number) => {
    const value = `((${number}) * 2654435761) % 4294967296`;
    const hex = isPostgres ? `lpad(to_hex(${value}), 8, '0')` : `printf('%08x', ${value})`;
    return `(${hex} || '${kind.padEnd(35, "x")}')`;
  };
}
