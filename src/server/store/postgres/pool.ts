/**
 * Connections to PostgreSQL. Every transaction, and every statement outside of one, is SERIALIZABLE: what it has read
 * holds at its commit, or PostgreSQL ends it with a conflict and it runs again. No other lock is taken anywhere.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ReservedSQL, SQL } from "bun";
import { databaseActivity } from "../../metrics/database.ts";
import type { Sql } from "../sql.ts";
import type { PostgresAddress } from "./address.ts";
import { isConflict, isUnreachable, PostgresTimeoutError } from "./failure.ts";

/** Connections of one process: the work of a request is some milliseconds of one. */
const maxConnections = 10;
/** How long a request waits in all for a connection, and until a transaction goes through without a conflict. */
const patienceMs = 5_000;
/** How long a readiness probe tries again to connect to a database that refuses or drops connections. */
const probePatienceMs = 500;
/** Time limit of a statement, kept by the server. */
const statementMs = 5_000;
/** Time limit of one attempt, kept here, where the server does not answer at all. */
const attemptMs = 10_000;
const firstDelayMs = 5;
const maxDelayMs = 250;

/** This process in the database's list of connections, unlike every other one of Vouch. */
export const applicationName = `vouch-${randomBytes(6).toString("hex")}`;

/** Settings of each session; the runtime sends them as it connects. */
const sessionSettings = {
  application_name: applicationName,
  default_transaction_isolation: "serializable",
  statement_timeout: `${statementMs}`,
  // A replica that stands still keeps nobody waiting.
  idle_in_transaction_session_timeout: `${attemptMs}`,
  // Acknowledged means on the disk, whatever the default there is.
  synchronous_commit: "on",
  // Reading a small table as a whole would count as reading every row of it, and conflict with every change.
  enable_seqscan: "off",
  // A bitmap has every row of a condition before the first of them is read: a page, or a batch, would read all of them.
  enable_bitmapscan: "off",
  // The planner's price of a plan that is switched off would make it compile each of those.
  jit: "off",
  client_encoding: "UTF8",
  // Instead of PGOPTIONS, which the runtime reads otherwise.
  options: "",
};

/** Limits that tests change, also while the pool is open. */
export interface PoolLimits {
  attemptMs?: number;
  patienceMs?: number;
}

export class Pool {
  readonly #sql: SQL;
  readonly #limits: PoolLimits;
  /** Is told of each connection that has ended, also of an idle one. */
  onLost = (): void => {};

  constructor(address: PostgresAddress, limits: PoolLimits = {}) {
    this.#limits = limits;
    // Everything is named, so that none of the runtime's variables (PGDATABASE, PGSSLMODE…) is asked.
    this.#sql = new SQL({
      adapter: "postgres",
      ...(address.host.startsWith("/")
        ? { path: `${address.host}/.s.PGSQL.${address.port}` }
        : { hostname: address.host, port: address.port }),
      username: address.user,
      // As a function: instead of an empty text the runtime takes PGPASSWORD.
      password: () => address.password?.expose() ?? "",
      database: address.database,
      tls:
        address.tls === false
          ? "disable"
          : { rejectUnauthorized: true, serverName: address.host, ...(address.tls.ca ? { ca: address.tls.ca } : {}) },
      channelBinding: address.tls === false ? "disable" : "prefer",
      max: maxConnections,
      // A firewall forgets idle connections without a word.
      idleTimeout: 60,
      maxLifetime: 3600,
      connectionTimeout: 5,
      connection: sessionSettings,
      onclose: () => this.onLost(),
    });
  }

  /** Runs one statement, which has the effect of a transaction. */
  readonly run: Sql = (strings, ...values) =>
    this.#again(
      (connection) => connection(strings, ...values),
      // Any other statement may have been carried out before its connection was lost.
      () => isRead(strings),
    );

  /** Runs one statement that needs no isolation: it changes rows that nobody reads, or that nobody else changes. */
  readonly upkeep: Sql = (strings, ...values) =>
    this.#again(
      (connection) =>
        rolledBackIfItThrows(connection, async () => {
          await connection`BEGIN ISOLATION LEVEL READ COMMITTED`;
          const rows = await connection(strings, ...values);
          await commit(connection);
          return rows;
        }),
      () => true,
    );

  /** Runs `work` in a transaction, again after a conflict or a lost connection. */
  async transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    let isCommitting = false;
    return await this.#again(
      (connection) =>
        rolledBackIfItThrows(connection, async () => {
          isCommitting = false;
          await connection`BEGIN ISOLATION LEVEL SERIALIZABLE`;
          const result = await work((strings, ...values) => connection(strings, ...values));
          isCommitting = true;
          await commit(connection);
          return result;
        }),
      // A commit whose answer was lost may have been made.
      () => !isCommitting,
    );
  }

  /** Runs `work` on a connection, once and without a limit; transactions in it are its own affair. */
  async once<Result>(work: (connection: ReservedSQL) => Promise<Result>): Promise<Result> {
    const connection = await this.#reserve(this.#deadline());
    try {
      return await rolledBackIfItThrows(connection, () => work(connection));
    } finally {
      await connection.release();
    }
  }

  /** Throws the failure of a connection that cannot be made, sooner than a request gives up. */
  async probe(): Promise<void> {
    const connection = await this.#reserve(this.#deadline(), performance.now() + probePatienceMs);
    await connection.release();
  }

  #deadline(): number {
    return performance.now() + (this.#limits.patienceMs ?? patienceMs);
  }

  async close(): Promise<void> {
    await this.#sql.close({ timeout: 1 });
  }

  /**
   * Runs an attempt until it succeeds, fails for good, or the patience is over. After a conflict it runs again; after a
   * lost connection only if `isRepeatable` says so. Throws the last failure.
   */
  async #again<Result>(
    attempt: (connection: ReservedSQL) => Promise<Result>,
    isRepeatable: () => boolean,
  ): Promise<Result> {
    return await databaseActivity.measure((begins) => this.#attempts(attempt, isRepeatable, begins));
  }

  async #attempts<Result>(
    attempt: (connection: ReservedSQL) => Promise<Result>,
    isRepeatable: () => boolean,
    begins: () => void,
  ): Promise<Result> {
    const deadline = this.#deadline();
    for (let attempts = 0; ; attempts++) {
      const connection = await this.#reserve(deadline);
      begins();
      try {
        return await this.#limited(connection, attempt(connection));
      } catch (error) {
        const isWorthwhile = isConflict(error) || (isUnreachable(error) && isRepeatable());
        if (!isWorthwhile || performance.now() > deadline) throw error;
      } finally {
        await connection.release();
      }
      await backOff(attempts);
    }
  }

  /** Waits for a connection until the deadline; while the database cannot be reached, tries again until `retryUntil`. */
  async #reserve(deadline: number, retryUntil = deadline): Promise<ReservedSQL> {
    let last: unknown;
    for (let attempts = 0; ; attempts++) {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), Math.max(1, deadline - performance.now()));
      try {
        return await this.#sql.reserve({ signal: late.signal });
      } catch (error) {
        if (late.signal.aborted) throw last ?? new PostgresTimeoutError(error);
        if (!isUnreachable(error) || performance.now() > retryUntil) throw error;
        last = error;
      } finally {
        clearTimeout(timer);
      }
      await backOff(attempts);
    }
  }

  /** Closes the connection when the attempt takes too long: its statements then fail. */
  async #limited<Result>(connection: ReservedSQL, running: Promise<Result>): Promise<Result> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new PostgresTimeoutError(undefined));
      connection.close({ timeout: 0 }).catch(() => undefined);
    }, this.#limits.attemptMs ?? attemptMs);
    try {
      return await Promise.race([running, late.promise]);
    } finally {
      clearTimeout(timer);
      running.catch(() => undefined);
    }
  }
}

/** COMMIT of a transaction in which a statement has failed rolls back without an error. */
export async function commit(connection: ReservedSQL): Promise<void> {
  const { command } = (await connection`COMMIT`) as { command: string };
  if (command !== "COMMIT") throw new Error("the transaction was rolled back: a statement in it had failed");
}

async function rolledBackIfItThrows<Result>(connection: ReservedSQL, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // Ignore errors: a lost connection has rolled back by itself, and the first error has the reason.
    await connection`ROLLBACK`.catch(() => undefined);
    throw error;
  }
}

function isRead(strings: TemplateStringsArray): boolean {
  return /^\s*SELECT\b/.test(strings[0]!);
}

/** Waits for a random time that grows with the attempts: of those that conflicted, one goes first. */
async function backOff(attempts: number): Promise<void> {
  await sleep(Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** attempts));
}
