/** SQL statements one after another, and transactions that no other statement of this process joins. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SQL } from "bun";
import { isLocked } from "./failure.ts";

/** How long a statement waits for its turn and for the write lock of another process, in milliseconds. */
const patienceMs = 2_000;
/** How often a lock is tried again, in milliseconds. */
const retryMs = 10;

/** Runs one statement, written as a tagged template, and resolves with its rows. */
export type Sql = (strings: TemplateStringsArray, ...values: unknown[]) => Promise<SqlRows>;

/** Rows as Bun.SQL gives them: columns of any type, by name. */
export type SqlRows = ReturnType<typeof JSON.parse>;

/**
 * Bun.SQL has one connection to a SQLite file, on which whatever is sent between BEGIN and COMMIT belongs to the
 * transaction. So everything waits in one queue: a statement for the transaction before it, a transaction for all.
 */
export class Statements {
  readonly #sql: SQL;
  #last: Promise<unknown> = Promise.resolve();

  constructor(sql: SQL) {
    this.#sql = sql;
  }

  /** A statement outside of any transaction. */
  readonly run: Sql = (strings, ...values) => {
    const deadline = performance.now() + patienceMs;
    return this.#queue(() => unlocked(async () => await this.#sql(strings, ...values), deadline));
  };

  /** Work with the connection while no statement of this process runs. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#queue(work);
  }

  /**
   * All of the statements that `work` sends with the `Sql` it is given, or none when it throws. BEGIN IMMEDIATE takes
   * the write lock at once: what `work` reads, no other process changes before COMMIT. `work` waits for nothing but
   * its statements.
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
        // A failed COMMIT may have rolled back by itself; the first error is the one that tells why.
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

/** Repeats a statement that met the lock of another process, without blocking this one, until the deadline. */
async function unlocked(statement: () => Promise<SqlRows>, deadline: number): Promise<SqlRows> {
  for (;;) {
    try {
      return await statement();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error;
    }
    await sleep(retryMs);
  }
}
