/** Serialises SQL statements and isolates transactions on the one connection of this process. */
import { setTimeout as sleep } from "node:timers/promises";
import { databaseActivity } from "../../metrics/database.ts";
import { isLocked } from "../failure.ts";
import type { Sql, SqlRows } from "../sql.ts";

/** Timeout of a statement: waiting in the queue and for another process's write lock. */
const patienceMs = 2_000;
/** Retry interval for a held lock. */
const retryMs = 10;
/** Transactions that share a commit: another process that wants to write waits for all of them, about a millisecond. */
const maxGroup = 16;

/** A transaction that has not begun. */
interface Waiting {
  deadline: number;
  /** It has its connection. */
  begins: () => void;
  /** Runs its work, and resolves with what tells its caller the result. */
  run: (sql: Sql) => Promise<() => void>;
  refuse: (error: unknown) => void;
}

/**
 * There is one connection to the SQLite file, and every statement sent between BEGIN and COMMIT joins the transaction.
 * So all go through one queue: a statement waits for the transactions before it. Transactions that wait together share
 * one BEGIN and COMMIT, which write each page once: two thirds of a transaction's cost are its commit. Each is a savepoint
 * of its own, and its caller is told nothing before the commit.
 */
export class Statements {
  readonly #sql: Sql;
  readonly #committed: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Waiting[] = [];

  /** `committed` is called after each commit, before its promise resolves. */
  constructor(sql: Sql, committed: () => void) {
    this.#sql = sql;
    this.#committed = committed;
  }

  /** Runs a statement outside of any transaction. */
  readonly run: Sql = (strings, ...values) => {
    const deadline = performance.now() + patienceMs;
    return databaseActivity.measure((begins) =>
      this.#queue(async () => {
        begins();
        const rows = await unlocked(() => this.#sql(strings, ...values), deadline);
        if (!/^\s*SELECT\b/.test(strings[0]!)) this.#committed();
        return rows;
      }),
    );
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
    return databaseActivity.measure((begins) => {
      const { promise, resolve, reject: refuse } = Promise.withResolvers<Result>();
      const run: Waiting["run"] = async (sql) => {
        const result = await work(sql);
        return () => resolve(result);
      };
      this.#wait([{ deadline, begins, run, refuse }]);
      return promise;
    });
  }

  /** Puts transactions where the next group takes them from. */
  #wait(transactions: Waiting[]): void {
    if (this.#waiting.length === 0 && transactions.length > 0) void this.#queue(() => this.#group());
    this.#waiting.push(...transactions);
  }

  /** Carries out the transactions that wait, in their order. */
  async #group(): Promise<void> {
    // Those of requests that arrived together come one task of the event loop after the other; and whoever was told of a
    // commit that failed has come to its end.
    await new Promise((done) => setImmediate(done));
    const group = this.#waiting.splice(0, maxGroup);
    this.#wait(this.#waiting.splice(0));
    const sql = this.#sql;
    group[0]!.begins();
    try {
      await unlocked(() => sql`BEGIN IMMEDIATE`, group[0]!.deadline);
    } catch (error) {
      const time = performance.now();
      const isLate = ({ deadline }: Waiting) => !isLocked(error) || deadline <= time;
      for (const each of group.filter(isLate)) each.refuse(error);
      this.#wait(group.filter((each) => !isLate(each)));
      return;
    }
    const done: (() => void)[] = [];
    try {
      for (const each of group) done.push(await this.#member(each, group.length === 1));
      await sql`COMMIT`;
    } catch (error) {
      // Ignore errors: a failed statement may have rolled back already, and the first error has the reason.
      await sql`ROLLBACK`.catch(() => {});
      for (const each of group) each.refuse(error);
      return;
    }
    this.#committed();
    for (const tell of done) tell();
  }

  /** Runs one transaction of a group; resolves with what is to be done after the commit. Throws if the group has failed. */
  async #member({ begins, run, refuse }: Waiting, isAlone: boolean): Promise<() => void> {
    const sql = this.#sql;
    begins();
    if (isAlone) return await run(sql);
    await sql`SAVEPOINT member`;
    let tell: () => void;
    try {
      tell = await run(sql);
    } catch (error) {
      try {
        await sql`ROLLBACK TO member`;
        await sql`RELEASE member`;
      } catch {
        // SQLite has rolled back everything by itself (a full disk): there is no savepoint any more.
        throw error;
      }
      return () => refuse(error);
    }
    await sql`RELEASE member`;
    return tell;
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
