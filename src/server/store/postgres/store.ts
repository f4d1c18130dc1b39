/** PostgreSQL: opening the database, migrations, transactions. */
import type { ReservedSQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { unusable } from "../failure.ts";
import { checkVersion, migrate, schemaVersion } from "../schema.ts";
import type { Sql } from "../sql.ts";
import { checkTables, postgresLists } from "../tables.ts";
import { type AuditOptions, Store } from "../store.ts";
import type { PostgresAddress } from "./address.ts";
import { commit, Pool, type PoolLimits } from "./pool.ts";

/** Name of the advisory lock of migrations: any number that no other program of the database takes. */
const migrationLock = 0x76_6f_75_63_68n;

export class PostgresStore extends Store {
  protected readonly sharesCommits = false;
  readonly #pool: Pool;

  constructor(pool: Pool, audit: AuditOptions) {
    super(pool.run, pool.upkeep, audit);
    this.#pool = pool;
    pool.onLost = () => this.connectionLost();
  }

  protected async isolated<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return await this.#pool.transaction(work);
  }

  /** COMMIT has waited for the disk (synchronous_commit). */
  async settled(): Promise<void> {}

  protected async databaseTime(): Promise<number> {
    const [row] = await this.#pool.run`SELECT CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT) AS time`;
    return Number(row.time);
  }

  checkFile(): void {}

  override async probe(now: number): Promise<void> {
    await this.#pool.probe();
    await super.probe(now);
  }

  async backUp(): Promise<never> {
    throw new VouchError("usage", "`vouch server backup` copies SQLite's file; this database is PostgreSQL's.", {
      hint: "Run `pg_dump --format=custom --file=FILE` with the user and the database of the URL, and keep FILE encrypted.",
    });
  }

  async scrub(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

export interface PostgresOptions extends PoolLimits, AuditOptions {
  /** Make the tables in an empty database. */
  create: boolean;
  /** Seconds since 1970. */
  now: number;
}

/**
 * Connects and migrates the schema. Throws `settings_missing` (no tables), `settings_invalid` (login, certificate,
 * version), `network`.
 */
export async function openPostgresStore(address: PostgresAddress, options: PostgresOptions): Promise<PostgresStore> {
  const pool = new Pool(address, options);
  try {
    await pool.once((connection) => prepareSchema(connection, address.name, options));
    return new PostgresStore(pool, options);
  } catch (error) {
    await pool.close();
    if (error instanceof VouchError) throw error;
    const hint = "Check that it runs, its address, user and password, and its log.";
    const message = `The database ${address.name} cannot be opened: ${printable((error as Error).message)}.`;
    const hasPassword = address.password !== undefined;
    throw (
      unusable(error, address.name, { verb: "opened", hint, hasPassword }) ??
      new VouchError("file_error", message, { hint, cause: error })
    );
  }
}

async function prepareSchema(sql: ReservedSQL, name: string, { create, now }: PostgresOptions): Promise<void> {
  const [{ found }] = await sql`SELECT to_regclass('schema_versions') IS NOT NULL AS found`;
  if (!found && !create) {
    throw new VouchError("settings_missing", `The database ${name} has no tables of Vouch.`, {
      hint: `Run \`vouch server init --url https://YOUR-HOST --database ${name}\` first.`,
    });
  }
  // Without need nothing is locked, and the user needs no right to make tables.
  const version = found ? await schemaVersion(sql) : { found: 0, known: 1 };
  if (version.found < version.known) await migrateAlone(sql, now);
  await checkVersion(sql, name);
  await checkTables((strings, ...values) => sql(strings, ...values), postgresLists.columns, name);
}

/** Migrates in one transaction, one process after the other. */
async function migrateAlone(sql: ReservedSQL, now: number): Promise<void> {
  // Each statement sees what others have committed before it: the lock is waited for in the first one.
  await sql`BEGIN ISOLATION LEVEL READ COMMITTED`;
  await sql`SET LOCAL statement_timeout = '5min'`;
  await sql`SELECT pg_advisory_xact_lock(${migrationLock})`;
  // A change of a table waits for those who read it (pg_dump), and whoever comes then waits for the change.
  await sql`SET LOCAL lock_timeout = '3s'`;
  await migrate((work) => work(sql), now, binaryOrder);
  await commit(sql);
}

/** Text is compared by its bytes, as in SQLite: the order of an index does not change with the system's locales. */
function binaryOrder(statement: string): string {
  return statement.replaceAll(/\bTEXT\b/g, 'TEXT COLLATE "C"');
}
