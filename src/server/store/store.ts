/** The server's database over Bun.SQL: opening, transactions, cleanup, backup. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SQL } from "bun";
import { VouchError } from "../../base/errors.ts";
import { AccountStore } from "./accounts.ts";
import { backUp } from "./backup.ts";
import { CeremonyStore } from "./ceremonies.ts";
import { ConfigurationStore } from "./configuration.ts";
import { CredentialStore } from "./credentials.ts";
import { DatabaseReplacedError, databaseFailure } from "./failure.ts";
import { migrate, schemaVersion } from "./schema.ts";
import { SessionStore } from "./sessions.ts";
import { type Sql, Statements, unlocked } from "./statements.ts";

/** Retention of expired or used invites and ended sessions, so that errors can name the reason ("used", "expired"). */
const keepEndedSeconds = 7 * 24 * 3600;
/** Rows that one statement of `purge` deletes; takes some milliseconds. */
const purgeBatch = 500;
/** How long opening retries where SQLite fails at once; less than its own wait, which is not repeated. */
const openingPatienceMs = 2_000;

/** Access to the tables, over one way to run statements. */
class Tables {
  readonly accounts: AccountStore;
  readonly ceremonies: CeremonyStore;
  readonly credentials: CredentialStore;
  readonly configuration: ConfigurationStore;
  readonly sessions: SessionStore;

  constructor(sql: Sql) {
    this.accounts = new AccountStore(sql);
    this.ceremonies = new CeremonyStore(sql);
    this.credentials = new CredentialStore(sql);
    this.configuration = new ConfigurationStore(sql);
    this.sessions = new SessionStore(sql);
  }
}

/** Access to the tables within a transaction. */
export type Transaction = Tables;

export class Store extends Tables {
  readonly #connection: SQL;
  readonly #statements: Statements;
  readonly #path: string;
  readonly #identity: string | undefined;

  constructor(sql: SQL, path: string) {
    const statements = new Statements(sql);
    super(statements.run);
    this.#connection = sql;
    this.#statements = statements;
    this.#path = path;
    this.#identity = fileIdentity(path);
  }

  /**
   * Runs `work` in a transaction, rolled back if it throws. No other request or process writes in between, so what
   * `work` has checked holds at COMMIT. `work` must use the given tables and await nothing else.
   */
  async transaction<Result>(work: (tables: Transaction) => Promise<Result>): Promise<Result> {
    return await this.#statements.transaction((sql) => work(new Tables(sql)));
  }

  /** Deletes expired rows in batches, so that requests are answered in between; `now` in seconds since 1970. */
  async purge(now: number): Promise<void> {
    const ended = now - keepEndedSeconds;
    await inBatches(
      () => this.#statements.run`DELETE FROM ceremonies WHERE id IN
        (SELECT id FROM ceremonies WHERE expires_at <= ${now} LIMIT ${purgeBatch}) RETURNING id`,
    );
    await inBatches(
      () => this.#statements.run`DELETE FROM dpop_proofs WHERE id IN
        (SELECT id FROM dpop_proofs WHERE expires_at <= ${now} LIMIT ${purgeBatch}) RETURNING id`,
    );
    await inBatches(
      () => this.#statements.run`DELETE FROM sessions WHERE token_hash IN
        (SELECT token_hash FROM sessions WHERE expires_at <= ${ended} LIMIT ${purgeBatch}) RETURNING token_hash`,
    );
    await inBatches(
      () => this.#statements.run`DELETE FROM invites WHERE code_hash IN
        (SELECT code_hash FROM invites WHERE expires_at <= ${ended} LIMIT ${purgeBatch}) RETURNING code_hash`,
    );
  }

  /** Readiness probe: writes to the database, as a login does. Throws the write's error. */
  async probe(now: number): Promise<void> {
    this.checkFile();
    await this.#statements.run`
      INSERT INTO dpop_proofs (id, expires_at) VALUES ('readiness', ${now})
      ON CONFLICT (id) DO UPDATE SET expires_at = ${now}`;
  }

  /** Throws DatabaseReplacedError if the path no longer names the open file, or the file was emptied. */
  checkFile(): void {
    const found = fileIdentity(this.#path);
    if (found === undefined || found !== this.#identity) throw new DatabaseReplacedError(this.#path);
  }

  /** Copies the database to a new file, as `backUp`. */
  async backUp(path: string): Promise<Record<string, number>> {
    return await this.#statements.alone(() => backUp(this.#connection, path));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/**
 * Opens the database `sqlite:PATH` and migrates its schema. `create` creates a missing file. The file holds the
 * issuer's private key, so its mode is set to 0600. Throws `usage` (another kind of URL), `settings_missing` (no such
 * file), `file_error`.
 */
export async function openStore(url: string, options: { create: boolean; now: number }): Promise<Store> {
  const path = sqlitePath(url);
  if (!options.create && !existsSync(path)) {
    throw new VouchError("settings_missing", `There is no database ${path}.`, {
      hint: `Run \`vouch server init --url https://YOUR-HOST --database sqlite:${path}\` first.`,
    });
  }
  let sql: SQL | undefined;
  try {
    makePrivate(path);
    const connection = (sql = new SQL({ adapter: "sqlite", filename: path, create: true }));
    // Another process (`vouch server invite`) may be writing: wait for its lock. SQLite does not wait in every case: not
    // for the change to WAL, and not where a transaction's snapshot is older than another's commit. So retry, too.
    await sql`PRAGMA busy_timeout = 5000`;
    const deadline = performance.now() + openingPatienceMs;
    await unlocked(async () => await connection`PRAGMA journal_mode = WAL`, deadline);
    await sql`PRAGMA foreign_keys = ON`;
    await unlocked(() => migrate(connection, options.now), deadline);
    const { found, known } = await schemaVersion(sql);
    if (found > known) {
      throw new VouchError("settings_invalid", `${path} has version ${found}, expected at most ${known}.`, {
        hint: "A newer Vouch has written it. Run that version.",
      });
    }
    // From here on, the queue retries on locks: SQLite's own wait blocks the event loop.
    await sql`PRAGMA busy_timeout = 0`;
    return new Store(sql, path);
  } catch (error) {
    await sql?.close();
    if (error instanceof VouchError) throw error;
    throw new VouchError(
      "file_error",
      `The database ${path} cannot be opened: ${databaseFailure(error) ?? (error as Error).message}.`,
      {
        hint: "Check the path, its permissions and the space on the disk.",
        cause: error,
      },
    );
  }
}

const nextTurn = () => new Promise((done) => setImmediate(done));

/** Deletes in batches and yields to the event loop in between. */
async function inBatches(deleteBatch: () => Promise<unknown[]>): Promise<void> {
  while ((await deleteBatch()).length === purgeBatch) await nextTurn();
}

/** Bytes of a database's header (sqlite.org/fileformat2.html, 1.3), which SQLite writes when it changes to WAL. */
const headerBytes = 100n;

/**
 * Identifies a database file, to detect a replaced one; undefined if there is none, or if it was emptied in place: the
 * pages in the WAL would still answer, until a restart finds nothing.
 */
function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && stats.size >= headerBytes ? `${stats.dev}:${stats.ino}` : undefined;
}

function sqlitePath(url: string): string {
  const match = /^sqlite:(?:\/\/)?([^?]+)$/.exec(url);
  if (match?.[1]) return resolve(match[1]);
  // Show only the scheme: another kind of URL may contain a password.
  throw new VouchError("usage", `Expected a database as sqlite:PATH, got "${url.split(":", 1)[0]}:…".`);
}

function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}
