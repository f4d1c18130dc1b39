/** Serialises SQL statements and isolates transactions on the one connection of this process. */
import { setTimeout as sleep } from "node:timers/promises";
import { databaseActivity } from "../../metrics/database.ts";
import { isLocked } from "../failure.ts";
import type { Sql, SqlRows } from "../sql.ts";

/** Timeout of a statement: waiting in the queue and for another process's write lock. */
const patienceMs = 2_000;
/** Retry interval for a held lock. */
const retryMs = 10;

/**
 * There is one connection to the SQLite file, and every statement sent between BEGIN and COMMIT joins the transaction.
 * So all go through one queue: a statement waits for the transaction before it, a transaction for all before it.
 */
export class Statements {
  readonly #sql: Sql;
  readonly #committed: () => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `committed` is called after each commit, before its promise resolves. */
  constructor(sql: Sql, committed: () => void) {
    this.#sql = sql;
    this.#committed = committed;
  }

  /** Runs a statement outside of any transaction. */
  readonly run: Sql = (strings, ...values) => {
    const deadline = performance.now() + patienceMs;
    return this.#measured(async () => {
      const rows = await unlocked(() => this.#sql(strings, ...values), deadline);
      if (!/^\s*SELECT\b/.test(strings[0]!)) this.#committed();
      return rows;
    });
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
    return this.#measured(async () => {
      const sql = this.#sql;
      await unlocked(() => sql`BEGIN IMMEDIATE`, deadline);
      try {
        const result = await work(sql);
        await sql`COMMIT`;
        this.#committed();
        return result;
      } catch (error) {
        // Ignore errors: a failed COMMIT may have rolled back already, and the first error has the reason.
        await sql`ROLLBACK`.catch(() => {});
        throw error;
      }
    });
  }

  #measured<Result>(task: () => Promise<Result>): Promise<Result> {
    return databaseActivity.measure((begins) =>
      this.#queue(() => {
        begins();
        return task();
      }),
    );
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
