/** The server's database: one interface over Bun.SQL. */
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
import { type Sql, Statements } from "./statements.ts";

/** How long an expired or used invite, an ended session stay, so that the answer can say what became of them. */
const keepEndedSeconds = 7 * 24 * 3600;
/** Rows that one statement of `purge` deletes: some milliseconds. */
const purgeBatch = 500;

/** The tables. */
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

/** The tables within a transaction. */
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
   * Does all of `work` or, when it throws, nothing. No other request and no other process writes in between, so what
   * `work` has checked still holds when it is done. `work` uses the tables it is given, and waits for nothing else.
   */
  async transaction<Result>(work: (tables: Transaction) => Promise<Result>): Promise<Result> {
    return await this.#statements.transaction((sql) => work(new Tables(sql)));
  }

  /** Deletes what has expired, in batches: requests are answered between them. */
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

  /** Writes to the database, as a login does. Throws what makes it fail. */
  async probe(now: number): Promise<void> {
    this.checkFile();
    await this.#statements.run`
      INSERT INTO dpop_proofs (id, expires_at) VALUES ('readiness', ${now})
      ON CONFLICT (id) DO UPDATE SET expires_at = ${now}`;
  }

  /** Throws DatabaseReplacedError when the path no longer leads to the file that is open. */
  checkFile(): void {
    const found = fileIdentity(this.#path);
    if (found === undefined || found !== this.#identity) throw new DatabaseReplacedError(this.#path);
  }

  /** Copies the database to a new file. See `backUp`. */
  async backUp(path: string): Promise<Record<string, number>> {
    return await this.#statements.alone(() => backUp(this.#connection, path));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/**
 * Opens the database `sqlite:PATH` and brings its tables to this version. `create` makes the file when there is none.
 * The file holds the issuer's private key: it is made, or put back, to mode 0600.
 * Throws `usage` (another kind of URL), `settings_missing` (no such file), `file_error`.
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
    sql = new SQL({ adapter: "sqlite", filename: path, create: true });
    // Another process (`vouch server invite`) may write at the same time: wait for it rather than fail.
    await sql`PRAGMA busy_timeout = 5000`;
    await sql`PRAGMA journal_mode = WAL`;
    await sql`PRAGMA foreign_keys = ON`;
    await migrate(sql, options.now);
    const { found, known } = await schemaVersion(sql);
    if (found > known) {
      throw new VouchError("settings_invalid", `${path} has version ${found}, expected at most ${known}.`, {
        hint: "A newer Vouch has written it. Run that version.",
      });
    }
    // From here on the queue waits for locks: SQLite's own waiting holds up the whole process.
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

/** Deletes batch by batch, with turns of the event loop between them. */
async function inBatches(deleteBatch: () => Promise<unknown[]>): Promise<void> {
  while ((await deleteBatch()).length === purgeBatch) await nextTurn();
}

/** Tells one file from another that took its place; undefined when there is none. */
function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

function sqlitePath(url: string): string {
  const match = /^sqlite:(?:\/\/)?([^?]+)$/.exec(url);
  if (match?.[1]) return resolve(match[1]);
  // A URL of another kind may carry a password: only its scheme is shown.
  throw new VouchError("usage", `Expected a database as sqlite:PATH, got "${url.split(":", 1)[0]}:…".`);
}

function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}
