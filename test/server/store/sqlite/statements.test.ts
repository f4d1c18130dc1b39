/** SQLite: transactions that share a commit. */
import { afterEach, beforeEach, expect, onTestFinished, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Sql } from "../../../../src/server/store/sql.ts";
import { Connection } from "../../../../src/server/store/sqlite/connection.ts";
import { Statements } from "../../../../src/server/store/sqlite/statements.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

let other: Database;
let connection: Connection;
let statements: Statements;
/** What was sent, in one word each. */
let sent: string[];
beforeEach(() => {
  const path = join(tempFolderUntil(onTestFinished), "vouch.db");
  other = new Database(path, { create: true });
  other.run("PRAGMA journal_mode = WAL");
  other.run("CREATE TABLE seen (name TEXT PRIMARY KEY)");
  other.run("CREATE TABLE later (name TEXT REFERENCES seen (name) DEFERRABLE INITIALLY DEFERRED)");
  connection = new Connection(path);
  sent = [];
  const run: Sql = async (strings, ...values) => {
    sent.push(strings[0]!.trim().split(" ", 1)[0]!);
    return await connection.run(strings, ...values);
  };
  statements = new Statements(run, () => sent.push("committed"));
});
afterEach(() => {
  connection.close();
  other.close();
});

const names = () =>
  other
    .query<{ name: string }, []>("SELECT name FROM seen ORDER BY name")
    .all()
    .map(({ name }) => name);
const add = async (name: string): Promise<string> =>
  await statements.transaction(async (sql) => {
    await sql`INSERT INTO seen (name) VALUES (${name})`;
    return name;
  });
const outcomes = async (asked: Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(asked)).map((each) =>
    each.status === "fulfilled" ? each.value : (each.reason as Error).message,
  );

test("a transaction alone is begun and committed by itself", async () => {
  expect(await add("a")).toBe("a");
  expect(sent).toEqual(["BEGIN", "INSERT", "COMMIT", "committed"]);
});

test("transactions that are asked for at once share a commit", async () => {
  expect(await Promise.all(["a", "b", "c"].map(add))).toEqual(["a", "b", "c"]);
  expect(sent.filter((word) => word === "COMMIT")).toHaveLength(1);
  expect(names()).toEqual(["a", "b", "c"]);
});

test("so do those of two tasks of the event loop", async () => {
  const asked: Promise<string>[] = [];
  await new Promise<void>((done) => {
    const ports = [new MessageChannel(), new MessageChannel()];
    for (const [index, { port1, port2 }] of ports.entries()) {
      port1.addEventListener("message", () => {
        asked.push(add(`${index}`));
        port1.close();
        if (asked.length === 2) done();
      });
      port1.start();
      port2.postMessage("");
    }
  });
  expect(await Promise.all(asked)).toEqual(["0", "1"]);
});

test("nobody is told before the commit", async () => {
  const told: string[] = [];
  const asked = ["a", "b"].map(async (name) => {
    await add(name);
    told.push(`${name}, committed: ${sent.includes("committed")}, seen: ${names().join()}`);
  });
  await Promise.all(asked);
  expect(told).toEqual(["a, committed: true, seen: a,b", "b, committed: true, seen: a,b"]);
});

test("one that throws takes nothing of the others with it", async () => {
  const failing = statements.transaction(async (sql) => {
    await sql`INSERT INTO seen (name) VALUES ('lost')`;
    throw new Error("refused");
  });
  expect(await outcomes([add("a"), failing, add("b")])).toEqual(["a", "refused", "b"]);
  expect(names()).toEqual(["a", "b"]);
});

test("one whose statement fails takes nothing of the others with it", async () => {
  expect(await outcomes([add("a"), add("a"), add("b")])).toEqual(["a", "UNIQUE constraint failed: seen.name", "b"]);
  expect(names()).toEqual(["a", "b"]);
});

test("when SQLite rolls back everything, all of them fail, with its reason", async () => {
  const rollingBack = () =>
    statements.transaction(async (sql) => await sql`INSERT OR ROLLBACK INTO seen (name) VALUES ('a')`);
  const reason = "UNIQUE constraint failed: seen.name";
  expect(await outcomes([add("a"), rollingBack(), add("b")])).toEqual([reason, reason, reason]);
  expect(names()).toEqual([]);
  expect(await add("c")).toBe("c");
  expect(names()).toEqual(["c"]);
});

test("when the commit fails, all of them fail, and leave nothing", async () => {
  await connection.run`PRAGMA foreign_keys = ON`;
  const dangling = statements.transaction(async (sql) => await sql`INSERT INTO later (name) VALUES ('nobody')`);
  const reason = "FOREIGN KEY constraint failed";
  expect(await outcomes([add("a"), dangling, add("b")])).toEqual([reason, reason, reason]);
  expect(names()).toEqual([]);
  expect(sent).not.toContain("committed");
  expect(await add("c")).toBe("c");
});

test("more than a group has are committed in several, in their order", async () => {
  const all = Array.from({ length: 40 }, (_, index) => `${100 + index}`);
  const told: string[] = [];
  await Promise.all(all.map(async (name) => told.push(await add(name))));
  expect(told).toEqual(all);
  expect(sent.filter((word) => word === "COMMIT")).toHaveLength(3);
  expect(names()).toEqual(all);
});

test("they wait together for another's lock", async () => {
  other.run("BEGIN IMMEDIATE");
  const asked = ["a", "b"].map(add);
  const locked = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (sent.filter((word) => word === "BEGIN").length > 1) locked.resolve();
  }, 1);
  await locked.promise;
  clearInterval(timer);
  other.run("COMMIT");
  expect(await Promise.all(asked)).toEqual(["a", "b"]);
});

test("a statement waits for the transactions before it", async () => {
  const [, rows] = await Promise.all([add("a"), statements.run`SELECT name FROM seen`]);
  expect(rows).toEqual([{ name: "a" }]);
});
