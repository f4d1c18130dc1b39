/** SQLite: opening the file, group commit, backup. */
import { chmodSync, closeSync, fchownSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import { DatabaseReplacedError, databaseFailure, isLocked } from "../failure.ts";
import { checkVersion, migrate } from "../schema.ts";
import type { Sql } from "../sql.ts";
import { checkTables, sqliteLists } from "../tables.ts";
import { type AuditOptions, Store } from "../store.ts";
import { backUp } from "./backup.ts";
import { CommitSync, type SyncFile } from "./commit-sync.ts";
import { requireOwn } from "./content.ts";
import { requireRegular } from "./files.ts";
import { Connection } from "./connection.ts";
import { makeFolder } from "./folder.ts";
import { Statements, unlocked } from "./statements.ts";

/** How long opening retries where SQLite fails at once; less than its own wait, which is not repeated. */
const openingPatienceMs = 2_000;
/** How long `scrub` waits for other programs that have the file open. */
const scrubPatienceMs = 5_000;
const scrubRetryMs = 20;

export class SqliteStore extends Store {
  protected readonly sharesCommits = true;
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #path: string;
  readonly #identity: string | undefined;
  readonly #sync: CommitSync | undefined;

  /** Without `syncFile` the connection itself syncs each commit. */
  constructor(connection: Connection, path: string, syncFile: "grouped" | SyncFile | undefined, audit: AuditOptions) {
    const statements = new Statements(connection.run, () => sync?.wrote());
    super(statements.run, statements.run, audit);
    const rewrite = () => statements.alone(() => checkpoint(connection.run));
    const own = syncFile === "grouped" ? undefined : syncFile;
    const sync = syncFile === undefined ? undefined : new CommitSync(`${path}-wal`, rewrite, own);
    this.#sync = sync;
    this.#connection = connection;
    this.#statements = statements;
    this.#path = path;
    this.#identity = fileIdentity(path);
  }

  /** BEGIN IMMEDIATE keeps out every other request and process, so `work` runs once. */
  protected async isolated<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return await this.#statements.transaction(work);
  }

  async settled(): Promise<void> {
    await this.#sync?.settled();
  }

  protected async databaseTime(own: number): Promise<number> {
    return own;
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

  /** Rebuilds the file without free pages, and empties the log. */
  async scrub(): Promise<boolean> {
    const { run } = this.#connection;
    const deadline = performance.now() + scrubPatienceMs;
    return await this.#statements.alone(async () => {
      try {
        await unlocked(() => run`VACUUM`, deadline);
        for (;;) {
          const [result] = (await run`PRAGMA wal_checkpoint(TRUNCATE)`) as { busy: number }[];
          if (result?.busy === 0) return true;
          if (performance.now() > deadline) return false;
          await sleep(scrubRetryMs);
        }
      } catch (error) {
        if (isLocked(error)) return false;
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#statements.alone(async () => this.#connection.close());
  }
}

export interface SqliteOptions extends AuditOptions {
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
 * Opens the database file `path` and migrates its schema. The file holds the issuer's private key, so its mode is set
 * to 0600; one that is no database, or another program's, stays as it is. Throws `settings_missing` (no such file), `settings_invalid`, `file_error`.
 */
export async function openSqliteStore(path: string, options: SqliteOptions): Promise<SqliteStore> {
  requireRegular(path);
  try {
    requireOwn(path, options.create);
    makePrivate(path);
    await prepareFile(path, options.now);
    return await connect(path, options);
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
    await unlocked(() => migrate((work) => sql.begin(work), now), deadline);
    await checkVersion(sql, path);
    await checkTables((strings, ...values) => sql(strings, ...values), sqliteLists.columns, path);
  } finally {
    await sql.close();
  }
}

/** The connection of the server's requests. */
async function connect(path: string, options: SqliteOptions): Promise<SqliteStore> {
  const sync = options.sync ?? "each";
  const connection = new Connection(path);
  try {
    const { run } = connection;
    // The queue retries on locks: SQLite's own wait blocks the event loop.
    await run`PRAGMA busy_timeout = 0`;
    await run`PRAGMA foreign_keys = ON`;
    // A key that was removed or encrypted is overwritten in its page, which is written anyway.
    await run`PRAGMA secure_delete = FAST`;
    if (sync === "each") return new SqliteStore(connection, path, undefined, options);
    // Checkpoints still sync the log before the database, so a power cut damages nothing.
    await run`PRAGMA synchronous = NORMAL`;
    // A checkpoint holds up all requests: one for each 16 MiB of log, not for each four.
    await run`PRAGMA wal_autocheckpoint = 4000`;
    // The first read creates the log.
    await unlocked(() => run`SELECT max(version) FROM schema_versions`, performance.now() + openingPatienceMs);
    return new SqliteStore(connection, path, sync, options);
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

/** Bytes of a database's header (sqlite.org/fileformat2.html, 1.3), which SQLite writes when it changes to WAL. */
const headerBytes = 100n;

/**
 * Identifies a database file, to detect a replaced one; undefined if there is none, or if it was emptied in place: the
 * pages in the WAL would still answer, until a restart finds nothing.
 */
function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino, size } = statSync(path, { bigint: true });
    return size >= headerBytes ? `${dev}:${ino}` : undefined;
  } catch {
    // Missing, as its folder may be, or no longer to be seen.
    return undefined;
  }
}

function makePrivate(path: string): void {
  makeFolder(dirname(path));
  if (!makeFile(path)) closeSync(openSync(path, "a", 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

/**
 * Makes the file; false if it is there. One that root makes belongs to whose folder it is: the server's user, who could
 * not open it else.
 */
function makeFile(path: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "ax", 0o600);
    const { uid, gid } = statSync(dirname(path));
    if (process.geteuid?.() === 0) fchownSync(descriptor, uid, gid);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
