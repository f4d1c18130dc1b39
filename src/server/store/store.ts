/** The server's database: opening, transactions, cleanup, backup. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SQL } from "bun";
import { VouchError } from "../../base/errors.ts";
import { AccountStore } from "./accounts.ts";
import { backUp } from "./backup.ts";
import { CeremonyStore } from "./ceremonies.ts";
import { CommitSync, type SyncFile } from "./commit-sync.ts";
import { ConfigurationStore } from "./configuration.ts";
import { Connection, type Sql } from "./connection.ts";
import { CredentialStore } from "./credentials.ts";
import { DatabaseReplacedError, databaseFailure } from "./failure.ts";
import { migrate, schemaVersion } from "./schema.ts";
import { SessionStore } from "./sessions.ts";
import { Statements, unlocked } from "./statements.ts";

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
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #path: string;
  readonly #identity: string | undefined;
  readonly #sync: CommitSync | undefined;

  /** Without `syncFile` the connection itself syncs each commit. */
  constructor(connection: Connection, path: string, syncFile: "grouped" | SyncFile | undefined) {
    const statements = new Statements(connection.run, () => sync?.wrote());
    super(statements.run);
    const rewrite = () => statements.alone(() => checkpoint(connection.run));
    const own = syncFile === "grouped" ? undefined : syncFile;
    const sync = syncFile === undefined ? undefined : new CommitSync(`${path}-wal`, rewrite, own);
    this.#sync = sync;
    this.#connection = connection;
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

  /**
   * Resolves when everything that was committed before the call is on the disk: nothing is acknowledged before. Throws
   * SyncFailedError.
   */
  async settled(): Promise<void> {
    await this.#sync?.settled();
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

  /** Readiness probe: writes to the database and its disk, as a login does. Throws the write's error. */
  async probe(now: number): Promise<void> {
    this.checkFile();
    await this.#statements.run`
      INSERT INTO dpop_proofs (id, expires_at) VALUES ('readiness', ${now})
      ON CONFLICT (id) DO UPDATE SET expires_at = ${now}`;
    await this.settled();
  }

  /** Throws DatabaseReplacedError if the path no longer names the open file, or the file was emptied. */
  checkFile(): void {
    const found = fileIdentity(this.#path);
    if (found === undefined || found !== this.#identity) throw new DatabaseReplacedError(this.#path);
  }

  /** Copies the database to a new file, as `backUp`. */
  async backUp(path: string): Promise<Record<string, number>> {
    return await this.#statements.alone(() => backUp(this.#connection.run, path));
  }

  async close(): Promise<void> {
    await this.#statements.alone(async () => this.#connection.close());
  }
}

export interface OpenOptions {
  /** Create a missing file. */
  create: boolean;
  /** Seconds since 1970. */
  now: number;
  /**
   * How commits reach the disk: `"each"`, the default, syncs each by itself; `"grouped"` leaves it to `settled`, which
   * whoever acknowledges anything must wait for. A function replaces the sync of a group.
   */
  sync?: "each" | "grouped" | SyncFile | undefined;
}

/**
 * Opens the database `sqlite:PATH` and migrates its schema. The file holds the issuer's private key, so its mode is set
 * to 0600. Throws `usage` (another kind of URL), `settings_missing` (no such file), `file_error`.
 */
export async function openStore(url: string, options: OpenOptions): Promise<Store> {
  const path = sqlitePath(url);
  if (!options.create && !existsSync(path)) {
    throw new VouchError("settings_missing", `There is no database ${path}.`, {
      hint: `Run \`vouch server init --url https://YOUR-HOST --database sqlite:${path}\` first.`,
    });
  }
  try {
    makePrivate(path);
    await prepareFile(path, options.now);
    return await connect(path, options.sync ?? "each");
  } catch (error) {
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

/** Migrates the schema, through Bun.SQL, and changes to a write-ahead log. Throws `settings_invalid`, SQLite's errors. */
async function prepareFile(path: string, now: number): Promise<void> {
  const sql = new SQL({ adapter: "sqlite", filename: path, create: true });
  try {
    // Another process (`vouch server invite`) may be writing: wait for its lock. SQLite does not wait in every case: not
    // for the change to WAL, and not where a transaction's snapshot is older than another's commit. So retry, too.
    await sql`PRAGMA busy_timeout = 5000`;
    const deadline = performance.now() + openingPatienceMs;
    await unlocked(async () => await sql`PRAGMA journal_mode = WAL`, deadline);
    await sql`PRAGMA foreign_keys = ON`;
    await unlocked(() => migrate(sql, now), deadline);
    const { found, known } = await schemaVersion(sql);
    if (found > known) {
      throw new VouchError("settings_invalid", `${path} has version ${found}, expected at most ${known}.`, {
        hint: "A newer Vouch has written it. Run that version.",
      });
    }
  } finally {
    await sql.close();
  }
}

/** The connection of the server's requests. */
async function connect(path: string, sync: "each" | "grouped" | SyncFile): Promise<Store> {
  const connection = new Connection(path);
  try {
    const { run } = connection;
    // The queue retries on locks: SQLite's own wait blocks the event loop.
    await run`PRAGMA busy_timeout = 0`;
    await run`PRAGMA foreign_keys = ON`;
    if (sync === "each") return new Store(connection, path, undefined);
    // Checkpoints still sync the log before the database, so a power cut damages nothing.
    await run`PRAGMA synchronous = NORMAL`;
    // A checkpoint holds up all requests: one for each 16 MiB of log, not for each four.
    await run`PRAGMA wal_autocheckpoint = 4000`;
    // The first read creates the log.
    await unlocked(() => run`SELECT max(version) FROM schema_versions`, performance.now() + openingPatienceMs);
    return new Store(connection, path, sync);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Copies the whole log into the database and syncs that. Throws SQLite's errors, or if somebody reads the log. */
async function checkpoint(run: Sql): Promise<void> {
  const [result] = (await run`PRAGMA wal_checkpoint(TRUNCATE)`) as { busy: number }[];
  if (result?.busy !== 0) throw new Error("the log is in use by another process");
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
