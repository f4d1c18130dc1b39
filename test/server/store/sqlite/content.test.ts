/** A file that is named as the database by mistake stays as it is: its bytes, its mode, and what is beside it. */
import { Database } from "bun:sqlite";
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDatabase } from "../../../../src/server/check/database.ts";
import { VouchError } from "../../../../src/base/errors.ts";
import { initializeServer } from "../../../../src/server/initialize.ts";
import { requireUnused } from "../../../../src/server/store/alone.ts";
import { openStore } from "../../../../src/server/store/open.ts";
import { requireReplaceable } from "../../../../src/server/store/sqlite/content.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const now = 1_800_000_000;
let folder: string;
let path: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "victim");
});

/** Names, modes and bytes of all that is in the folder. */
const files = () =>
  readdirSync(folder)
    .toSorted()
    .map((name) => {
      const file = join(folder, name);
      return [name, (statSync(file).mode & 0o777).toString(8), readFileSync(file).toString("base64")];
    });

const kinds: [string, string, () => void][] = [
  ["a text", "damaged, or no database", () => writeFileSync(path, "root:x:0:0:root:/root:/bin/sh\n".repeat(500))],
  ["a line", "damaged, or no database", () => writeFileSync(path, "x")],
  ["another program's database", "the database of another program", () => otherProgram("DELETE")],
  ["another program's, with a log that nobody uses", "the database of another program", () => abandoned()],
  [
    "another program's, which has a table of versions",
    "the database of another program",
    () => otherProgram("DELETE", "CREATE TABLE schema_versions (version, applied_at)"),
  ],
];

function otherProgram(mode: "DELETE" | "WAL", more = "CREATE TABLE kept (a)"): Database {
  const database = new Database(path);
  database.run(`PRAGMA journal_mode = ${mode}`);
  database.run("CREATE TABLE cookies (name)");
  database.run(more);
  database.run("INSERT INTO cookies VALUES ('a')");
  if (mode === "DELETE") database.close();
  return database;
}

/** As a program leaves it that was killed. */
function abandoned(): void {
  const live = otherProgram("WAL");
  live.run("PRAGMA wal_checkpoint(PASSIVE)");
  live.run("INSERT INTO cookies VALUES ('b')");
  const kept = ["", "-wal"].map((suffix) => [suffix, readFileSync(path + suffix)] as const);
  live.close();
  for (const [suffix, bytes] of kept) writeFileSync(path + suffix, bytes);
}

describe.each(kinds)("%s", (_kind, words, make) => {
  beforeEach(() => {
    make();
    chmodSync(path, 0o644);
  });

  test.each([false, true])("is not opened, also where one may be made (%p)", async (create) => {
    const before = files();
    const error: unknown = await openStore(`sqlite:${path}`, { create, now }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VouchError);
    expect((error as VouchError).message).toContain(words);
    expect(files()).toEqual(before);
  });

  test("is not replaced, and a check says what it is", async () => {
    const before = files();
    expect(() => requireReplaceable(path)).toThrow(/database/);
    await requireUnused(`sqlite:${path}`, undefined).catch(() => {});
    const { findings } = await checkDatabase(`sqlite:${path}`, undefined, "https://vouch.example.com");
    expect(findings).toMatchObject([{ level: "error", message: expect.stringContaining("database") }]);
    expect(files()).toEqual(before);
  });
});

test("an empty file is no database for who only reads, and becomes one by init", async () => {
  writeFileSync(path, "");
  chmodSync(path, 0o644);
  const before = files();
  const error = await openStore(`sqlite:${path}`, { create: false, now }).catch((thrown: VouchError) => thrown);
  expect(error).toMatchObject({ code: "settings_missing" });
  expect(files()).toEqual(before);
  const store = await openStore(`sqlite:${path}`, { create: true, now });
  await store.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("Vouch's own is opened while another process has all of it in its log, and loses the rights of others", async () => {
  const store = await openStore(`sqlite:${path}`, { create: true, now });
  await initializeServer(store, "https://vouch.example.com", undefined, now);
  const copy = join(folder, "copy");
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
  chmodSync(copy, 0o644);
  const again = await openStore(`sqlite:${copy}`, { create: false, now });
  expect((await again.configuration.load())?.url).toBe("https://vouch.example.com");
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  await again.close();
  await store.close();
});

test.each([
  "PRAGMA user_version = 0",
  "CREATE TABLE schema_versions (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)",
])("a first start that was broken off after %s goes on", async (statement) => {
  const database = new Database(path);
  database.run("PRAGMA journal_mode = WAL");
  database.run(statement);
  database.close();
  await (await openStore(`sqlite:${path}`, { create: true, now })).close();
});

test("what is no database and nobody else may read may be a damaged one: a backup replaces it", () => {
  writeFileSync(path, "no database", { mode: 0o600 });
  expect(() => requireReplaceable(path)).not.toThrow();
});
