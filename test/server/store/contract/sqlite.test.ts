/** The contract of the store, kept by SQLite. */
import { describe } from "bun:test";
import { join } from "node:path";
import { SQL } from "bun";
import { tempFolder } from "../../../temp-folder.ts";
import { grantsOnce } from "./at-once.ts";
import { changesOnePerson } from "./one-person.ts";
import { keeps } from "./keeps.ts";
import type { TestDatabase } from "./database.ts";

async function sqlite(): Promise<TestDatabase> {
  const folder = tempFolder();
  const path = join(folder.path, "state", "vouch.db");
  let sql: SQL | undefined;
  return {
    url: `sqlite:${path}`,
    // Opened when it is first asked, after the store has made the file.
    get sql() {
      return (sql ??= new SQL({ adapter: "sqlite", filename: path }));
    },
    async remove() {
      await sql?.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("SQLite", () => {
  describe("what it keeps", () => keeps(sqlite));
  describe("about one person", () => changesOnePerson(sqlite));
  describe("at once", () => grantsOnce(sqlite));
});
