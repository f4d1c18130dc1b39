/** Serialises SQL statements and isolates transactions on the one connection of this process. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SQL } from "bun";
import { isLocked } from "./failure.ts";

/** Timeout of a statement: waiting in the queue and for another process's write lock. */
const patienceMs = 2_000;
/** Retry interval for a held lock. */
const retryMs = 10;

/** Runs one statement, given as a tagged template, and resolves with its rows. */
export type Sql = (strings: TemplateStringsArray, ...values: unknown[]) => Promise<SqlRows>;

/** Rows as Bun.SQL returns them: untyped columns by name (any). */
export type SqlRows = ReturnType<typeof JSON.parse>;

/**
 * Bun.SQL has one connection to a SQLite file, and every statement sent between BEGIN and COMMIT joins the transaction.
 * So all go through one queue: a statement waits for the transaction before it, a transaction for all before it.
 */
export class Statements {
  readonly #sql: SQL;
  #last: Promise<unknown> = Promise.resolve();

  constructor(sql: SQL) {
    this.#sql = sql;
  }

  /** Runs a statement outside of any transaction. */
  readonly run: Sql = (strings, ...values) => {
    const deadline = performance.now() + patienceMs;
    return this.#queue(() => unlocked(async () => await this.#sql(strings, ...values), deadline));
  };

  /** Runs `work` while no statement of this process runs. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#queue(work);
  }

  /**
   * Runs `work` in a transaction, rolled back if it throws. BEGIN IMMEDIATE takes the write lock at once: no other
   * process changes what `work` reads before COMMIT. `work` must use the given `Sql` and await only its statements.
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + patienceMs;
    return this.#queue(async () => {
      const sql = this.#sql;
      await unlocked(async () => await sql`BEGIN IMMEDIATE`, deadline);
      try {
        const result = await work(async (strings, ...values) => await sql(strings, ...values));
        await sql`COMMIT`;
        return result;
      } catch (error) {
        // Ignore errors: a failed COMMIT may have rolled back already, and the first error has the reason.
        await sql`ROLLBACK`.catch(() => {});
        throw error;
      }
    });
  }

  #queue<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * Retries a statement while another process holds the lock, without blocking the event loop, until the deadline (as
 * performance.now()). Throws the statement's error.
 */
export async function unlocked(statement: () => Promise<SqlRows>, deadline: number): Promise<SqlRows> {
  for (;;) {
    try {
      return await statement();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error;
    }
    await sleep(retryMs);
  }
}
