/** Databases that can be read and not be written: `vouch server check` says what `vouch server run` fails on. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkServer } from "../../../src/server/check/check.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { requiresMountNamespace } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { origin, startTestServer } from "../test-server.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const now = 1_800_000_000;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "vouch.db");
  await initialize(`sqlite:${path}`);
});

async function initialize(url: string): Promise<void> {
  const store = await openStore(url, { create: true, now });
  await initializeServer(store, origin, undefined, now);
  await store.close();
}

/** Runs a command; `within` is a shell's words before it. Returns how it ended and what it said. */
async function vouch(args: string[], within = "") {
  const command = [process.execPath, main, "server", ...args, "--listen", "127.0.0.1:0"];
  const child = Bun.spawn(within === "" ? command : ["unshare", "--mount", "sh", "-c", within, "sh", ...command], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => child.kill());
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, text: out + err };
}

async function bothRefuse(database: string[], says: string, within?: string): Promise<void> {
  expect(await vouch(["check", ...database], within)).toEqual({ code: 1, text: expect.stringContaining(says) });
  expect((await vouch(["run", ...database], within)).code).not.toBe(0);
}

test.skipIf(!requiresMountNamespace())("a file on a full disk, made or not", async () => {
  mkdirSync(join(folder, "mount"));
  const full = `mount -t tmpfs -o size=1m none ${folder}/mount; cp ${path} ${folder}/mount; cat /dev/zero 2> /dev/null > ${folder}/mount/filler; exec "$@"`;
  await bothRefuse(["--database", `sqlite:${folder}/mount/vouch.db`], "its disk is full", full);
  const made = ["--database", `sqlite:${folder}/mount/new.db`, "--url", origin];
  await bothRefuse(made, "its disk is full", full);
});

test("a file whose lock another process holds, and what it has left in its log stays there", async () => {
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  await bothRefuse(["--database", `sqlite:${path}`], "another process holds its lock");
  other.run("COMMIT");
  expect((await vouch(["check", "--database", `sqlite:${path}`])).code).toBe(0);
  // As a killed process leaves it.
  other.run("INSERT INTO dpop_proofs VALUES ('x', 1)");
  const left = join(folder, "left.db");
  for (const suffix of ["", "-wal", "-shm"]) copyFileSync(path + suffix, left + suffix);
  other.close();
  const read = () => Promise.all(["", "-wal"].map((suffix) => Bun.file(left + suffix).text()));
  const before = await read();
  expect(before[1]).not.toBe("");
  expect((await vouch(["check", "--database", `sqlite:${left}`])).code).toBe(0);
  expect(await read()).toEqual(before);
});

test("a file with a rollback journal, as a backup is, that another process reads or writes, and looking changes nothing", async () => {
  const backup = join(folder, "backup.db");
  const source = new Database(path);
  source.run("VACUUM INTO ?", [backup]);
  source.close();
  const state = () => {
    const { mtimeMs, ctimeMs, size } = statSync(backup);
    return { mtimeMs, ctimeMs, size, files: readdirSync(folder) };
  };
  const found = async () =>
    (await checkServer({ database: `sqlite:${backup}`, listen: "127.0.0.1:0" }, {}, now)).findings;
  const held = {
    check: "database",
    level: "error",
    message: expect.stringContaining("another process holds its lock"),
  };
  const before = state();
  expect(await found()).not.toContainEqual(expect.objectContaining(held));
  expect(state()).toEqual(before);
  const other = new Database(backup);
  for (const begin of ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"]) {
    other.run(begin);
    expect(await found()).toContainEqual(expect.objectContaining(held));
    other.run("ROLLBACK");
  }
  other.run("BEGIN");
  other.query("SELECT * FROM users").all();
  expect(state()).toEqual(before);
  await bothRefuse(["--database", `sqlite:${backup}`], "another process holds its lock");
  other.close();
});

test("an address that a server has while its database cannot be read is not another program's", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const listen = new URL(server.base).host;
  const flags = { database: "postgres://vouch@127.0.0.1:1/vouch", listen };
  const { findings } = await checkServer(flags, {}, now);
  const message = `${listen} is in use by a server for ${origin} that runs: this one's URL is not known`;
  expect(findings).toContainEqual({ check: "listen", level: "warning", message });
  const other = await checkServer({ ...flags, url: "https://other.example.com" }, {}, now);
  expect(other.findings.find(({ check }) => check === "listen")).toMatchObject({ level: "error" });
});

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server?.remove());

  test("that makes transactions read-only, or lets this user make or change no tables", async () => {
    const url = await server.database();
    const empty = await server.database();
    await initialize(url);
    const sql = lookInto(url);
    onTestFinished(async () => await sql.close());
    await sql.unsafe("CREATE ROLE reader LOGIN");
    await sql.unsafe("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader");
    const asReader = (of: string) => ["--database", of.replace("vouch@", "reader@")];
    await bothRefuse([...asReader(empty), "--url", origin], "this user may not make tables there");
    expect((await vouch(["check", ...asReader(url)])).code).toBe(0);
    await sql`DELETE FROM schema_versions WHERE version = (SELECT max(version) FROM schema_versions)`;
    expect((await vouch(["check", ...asReader(url)])).text).toContain("this user may not make tables there");
    await sql.unsafe("GRANT CREATE ON SCHEMA public TO reader");
    await bothRefuse(asReader(url), "this user does not own its tables");
    await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
    await bothRefuse(["--database", url], "default_transaction_read_only is on");
  });
});
