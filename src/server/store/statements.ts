/** SQL statements one after another, and transactions that no other statement of this process joins. */
import type { SQL } from "bun";

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
  readonly run: Sql = (strings, ...values) => this.#queue(async () => await this.#sql(strings, ...values));

  /**
   * All of the statements that `work` sends with the `Sql` it is given, or none when it throws. BEGIN IMMEDIATE takes
   * the write lock at once: what `work` reads, no other process changes before COMMIT. `work` waits for nothing but
   * its statements.
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.#queue(async () => {
      const sql = this.#sql;
      await sql`BEGIN IMMEDIATE`;
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
