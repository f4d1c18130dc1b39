/** What the database connections of this process do. */
import { Histogram } from "./families.ts";

/** Seconds. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

class DatabaseActivity {
  /** Statements and transactions, from asking for them until they are done; with waiting, retries and failures. */
  readonly latency = new Histogram(
    {
      name: "vouch_database_operation_duration_seconds",
      unit: "seconds",
      help: "Statements and transactions, from asking for them until they are done or have failed.",
    },
    bounds,
  );
  /** Statements and transactions that have not got a connection yet. */
  waiting = 0;
  /** Connections that carry something out. */
  busy = 0;

  /** Measures one operation; it calls `begins` when it has its connection. */
  async measure<Result>(operation: (begins: () => void) => Promise<Result>): Promise<Result> {
    const started = performance.now();
    let state: "waiting" | "busy" = "waiting";
    this.waiting++;
    const begins = () => {
      if (state === "busy") return;
      state = "busy";
      this.waiting--;
      this.busy++;
    };
    try {
      return await operation(begins);
    } finally {
      this[state]--;
      this.latency.observe((performance.now() - started) / 1000);
    }
  }
}

/** One for the process, as its database is. */
export const databaseActivity = new DatabaseActivity();
