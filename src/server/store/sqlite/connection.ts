/** A connection to a SQLite file. Each statement of the program is prepared when it is first run, and kept. */
import { Database, type Statement } from "bun:sqlite";
import type { Sql } from "../sql.ts";

type Value = string | number | bigint | null | Uint8Array;

export class Connection {
  readonly #database: Database;
  /** By the template's strings, which are one object for each place in the program. */
  readonly #prepared = new Map<TemplateStringsArray, Statement<unknown, Value[]>>();

  /** The file must exist. Throws SQLite's errors. */
  constructor(path: string) {
    this.#database = new Database(path, { readwrite: true });
  }

  /** Rejects with SQLite's errors. */
  readonly run: Sql = async (strings, ...values) => {
    let statement = this.#prepared.get(strings);
    if (statement === undefined) {
      statement = this.#database.prepare<unknown, Value[]>(strings.join("?"));
      this.#prepared.set(strings, statement);
    }
    return statement.all(...(values as Value[]));
  };

  /** Ends the connection; a statement that is left open would keep the file. */
  close(): void {
    for (const statement of this.#prepared.values()) statement.finalize();
    this.#prepared.clear();
    this.#database.close();
  }
}
