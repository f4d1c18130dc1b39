/** The server's database as its handlers see it: one contract for SQLite and PostgreSQL. */
import { AccountStore } from "./accounts.ts";
import { CeremonyStore } from "./ceremonies.ts";
import { ConfigurationStore } from "./configuration.ts";
import { CredentialStore } from "./credentials.ts";
import { SessionStore } from "./sessions.ts";
import { SigningKeyStore } from "./signing-keys.ts";
import type { Sql } from "./sql.ts";

/** Retention of expired or used invites and ended sessions, so that errors can name the reason ("used", "expired"). */
const keepEndedSeconds = 7 * 24 * 3600;
/** Rows that one statement of `purge` deletes; takes some milliseconds. */
const purgeBatch = 500;

/** Access to the tables, over one way to run statements. */
export class Tables {
  readonly accounts: AccountStore;
  readonly ceremonies: CeremonyStore;
  readonly credentials: CredentialStore;
  readonly configuration: ConfigurationStore;
  readonly sessions: SessionStore;
  readonly signingKeys: SigningKeyStore;

  constructor(sql: Sql) {
    this.accounts = new AccountStore(sql);
    this.ceremonies = new CeremonyStore(sql);
    this.credentials = new CredentialStore(sql);
    this.configuration = new ConfigurationStore(sql);
    this.sessions = new SessionStore(sql);
    this.signingKeys = new SigningKeyStore(sql);
  }
}

/** Access to the tables within a transaction. */
export type Transaction = Tables;

export abstract class Store extends Tables {
  readonly #upkeep: Sql;

  /** `sql` runs the statements of requests; `upkeep` those that need no isolation from them. */
  constructor(sql: Sql, upkeep: Sql) {
    super(sql);
    this.#upkeep = upkeep;
  }

  /**
   * Runs `work` in a transaction, rolled back if it throws. The transactions of all processes have the effect of one
   * after the other, so what `work` has checked holds at COMMIT. `work` must use the given tables and await nothing
   * else; it may run more than once, so whatever else it changes must bear that.
   */
  abstract transaction<Result>(work: (tables: Transaction) => Promise<Result>): Promise<Result>;

  /**
   * Resolves when everything that was committed before the call is on the disk: nothing is acknowledged before. Throws
   * SyncFailedError.
   */
  abstract settled(): Promise<void>;

  /**
   * The database's clock, by which all of its servers decide what they must agree on, in seconds since 1970. A file has
   * none: it is on one machine, whose clock is `own`.
   */
  abstract time(own: number): Promise<number>;

  /** Throws DatabaseReplacedError if the database is a file that was deleted, replaced or emptied. */
  abstract checkFile(): void;

  /**
   * Copies the database to a new file `path` and checks the copy; returns the number of rows of each table. Throws
   * `edit_conflict` (the file exists), `file_error`, `usage` (not this program's to do).
   */
  abstract backUp(path: string): Promise<Record<string, number>>;

  /**
   * Overwrites what was deleted or replaced, so that none of it is left in the database's files. False if it cannot be
   * told: another program holds the files, or the database keeps old rows by itself.
   */
  abstract scrub(): Promise<boolean>;

  abstract close(): Promise<void>;

  /** Readiness probe: writes to the database and its disk, as a login does. Throws the write's error. */
  async probe(now: number): Promise<void> {
    this.checkFile();
    await this.#upkeep`
      INSERT INTO dpop_proofs (id, expires_at) VALUES ('readiness', ${now})
      ON CONFLICT (id) DO UPDATE SET expires_at = ${now}`;
    await this.settled();
  }

  /** Deletes expired rows in batches, so that requests are answered in between; `now` in seconds since 1970. */
  async purge(now: number): Promise<void> {
    const ended = now - keepEndedSeconds;
    await inBatches(
      () => this.#upkeep`DELETE FROM ceremonies WHERE id IN
        (SELECT id FROM ceremonies WHERE expires_at <= ${now} LIMIT ${purgeBatch}) RETURNING id`,
    );
    await inBatches(
      () => this.#upkeep`DELETE FROM dpop_proofs WHERE id IN
        (SELECT id FROM dpop_proofs WHERE expires_at <= ${now} LIMIT ${purgeBatch}) RETURNING id`,
    );
    await inBatches(
      () => this.#upkeep`DELETE FROM sessions WHERE token_hash IN
        (SELECT token_hash FROM sessions WHERE expires_at <= ${ended} LIMIT ${purgeBatch}) RETURNING token_hash`,
    );
    await inBatches(
      () => this.#upkeep`DELETE FROM invites WHERE code_hash IN
        (SELECT code_hash FROM invites WHERE expires_at <= ${ended} LIMIT ${purgeBatch}) RETURNING code_hash`,
    );
  }

  /** The number of live sessions; reads all sessions. */
  async countSessions(now: number): Promise<number> {
    const [row] = await this.#upkeep`
      SELECT count(*) AS live FROM sessions WHERE expires_at > ${now} AND revoked_at IS NULL`;
    return Number(row.live);
  }
}

const nextTurn = () => new Promise((done) => setImmediate(done));

/** Deletes in batches and yields to the event loop in between. */
async function inBatches(deleteBatch: () => Promise<unknown[]>): Promise<void> {
  while ((await deleteBatch()).length === purgeBatch) await nextTurn();
}
