/** `vouch server migrate`: all of a SQLite database in PostgreSQL, or nothing. */
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { SQL } from "bun";
import { initializeServer } from "../../../../src/server/initialize.ts";
import { openStore } from "../../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../postgres.ts";
import { credential, now, plain } from "../contract/database.ts";
import { droppingProxy } from "./dropping-proxy.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const tables = [
  "audit_chains",
  "audit_entries",
  "authorization_codes",
  "ceremonies",
  "configuration",
  "credentials",
  "dpop_proofs",
  "group_members",
  "identities",
  "invites",
  "laptop_profiles",
  "page_sessions",
  "pushed_requests",
  "scim_tokens",
  "sessions",
  "sign_ons",
  "signing_keys",
  "user_groups",
  "users",
];
/** More than one batch of rows. */
const people = 1_100;

describe.skipIf(!requiresPostgres())("vouch server migrate", () => {
  let server: Postgres;
  let folder: string;
  let path: string;
  let to: string;
  let sql: SQL;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server?.remove());
  beforeEach(async () => {
    folder = tempFolderUntil(onTestFinished);
    path = join(folder, "vouch.db");
    to = await server.database();
    sql = lookInto(to);
    const store = await openStore(`sqlite:${path}`, { create: true, now });
    await initializeServer(store, "https://vouch.example.com", ["sts.amazonaws.com", "b"], now);
    await store.transaction(async ({ accounts, credentials, sessions }) => {
      for (let index = 0; index < people; index++) {
        const user = await accounts.invite(`person-${index}@bücher.example`, `code-${index}`, now, now + 9);
        if (index > 2) continue;
        await credentials.add({ ...credential(user.id, `key-${index}`, "Schlüssel 🔑"), product: undefined });
        const session = { user, jkt: "j", credentialId: `key-${index}`, createdAt: now, expiresAt: now + 1000 };
        await sessions.add(`token-${index}`, session, index === 0 ? undefined : "laptop");
        await sessions.rememberProof(`proof-${index}`, now + 9);
      }
      await sessions.revoke("token-1", now);
    });
    const [first] = await store.accounts.users(now, { limit: 1 });
    await store.ceremonies.add({ id: "c", type: "addition", challenge: "x", userId: first!.id, expiresAt: now + 9 });
    await store.close();
  });
  afterEach(async () => sql.close());

  const start = (...args: string[]) =>
    Bun.spawn([process.execPath, main, "server", ...args], {
      env: { PATH: process.env["PATH"], HOME: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
  async function migrate(from = `sqlite:${path}`, target = to, ...more: string[]) {
    const child = start("migrate", "--from", from, "--to", target, ...more);
    const [out, err] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
    return { code: await child.exited, out, err };
  }
  function inSqlite(): Record<string, unknown[]> {
    const database = new Database(path, { readonly: true });
    const all = tables.map(
      (table) =>
        [
          table,
          plain(database.query<Record<string, unknown>, []>(`SELECT * FROM ${table} ORDER BY 1, 2`).all()),
        ] as const,
    );
    database.close();
    return Object.fromEntries(all);
  }
  async function inPostgres(): Promise<Record<string, unknown[]>> {
    const all: Record<string, unknown[]> = {};
    for (const table of tables) all[table] = plain([...(await sql.unsafe(`SELECT * FROM ${table} ORDER BY 1, 2`))]);
    return all;
  }
  const isEmpty = async () => Object.values(await inPostgres()).every((rows) => rows.length === 0);

  test("copies every row of every table, and counts them", async () => {
    const before = inSqlite();
    const { code, out, err } = await migrate(undefined, undefined, "--json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out).rows).toEqual({
      ...Object.fromEntries(tables.map((table) => [table, 0])),
      audit_entries: 2,
      ceremonies: 1,
      configuration: 2,
      credentials: 3,
      dpop_proofs: 3,
      invites: people,
      sessions: 3,
      signing_keys: 1,
      users: people,
    });
    const [own] = (await sql`SELECT event, actor, detail FROM audit_entries WHERE event = 'migrate'`) as unknown[];
    expect(own).toMatchObject({ event: "migrate", actor: expect.any(String), detail: '{"from":"vouch.db"}' });
    await sql`DELETE FROM audit_entries WHERE event = 'migrate'`;
    expect(await inPostgres()).toEqual(before);
    expect(inSqlite()).toEqual(before);
    const listed = start("users", "--limit", "1", "--database", to);
    expect(await new Response(listed.stdout).text()).toContain("person-0@");
  });

  test("has longer for each of its statements than a request has: a large table takes long to count", async () => {
    await (await openStore(to, { create: true, now })).close();
    // In a schema of its own: beside Vouch's tables it would be another program's.
    await sql.unsafe("CREATE SCHEMA aside; CREATE TABLE aside.seen (timeout TEXT)").simple();
    await sql.unsafe(`CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO aside.seen VALUES (current_setting('statement_timeout')); RETURN NULL; END $$`);
    await sql`CREATE TRIGGER look AFTER INSERT ON configuration FOR EACH STATEMENT EXECUTE FUNCTION look()`;
    expect(await migrate()).toMatchObject({ code: 0, err: "" });
    expect(plain([...(await sql`SELECT timeout FROM aside.seen`)])).toEqual([{ timeout: "5min" }]);
  });

  test("copies nothing where the log of the copy cannot have it", async () => {
    await (await openStore(to, { create: true, now })).close();
    await sql.unsafe("ALTER TABLE audit_entries ADD CONSTRAINT no_migration CHECK (event <> 'migrate')");
    expect((await migrate()).code).not.toBe(0);
    expect(await isEmpty()).toBe(true);
  });

  test("copies every table that there is", () => {
    const database = new Database(path, { readonly: true });
    const found = database
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    database.close();
    expect(found.map(({ name }) => name).filter((name) => name !== "schema_versions")).toEqual(tables);
  });

  test("refuses a database that holds data, and changes nothing there", async () => {
    expect(await migrate()).toMatchObject({ code: 0, out: expect.stringContaining("1100 people, 3 security keys") });
    const before = await inPostgres();
    expect(await migrate()).toMatchObject({ code: 1, err: expect.stringContaining("holds data already") });
    expect(await inPostgres()).toEqual(before);
  });

  test("refuses a database that a server has been made in, though nobody has been invited", async () => {
    const made = start("init", "--url", "https://vouch.example.com", "--database", to);
    expect(await made.exited).toBe(0);
    expect(await migrate()).toMatchObject({ code: 1, err: expect.stringContaining("holds data already") });
  });

  test("refuses a database with another program's tables, and makes none there", async () => {
    for (const [table, says] of [
      ["invoices", "has a table of another program: invoices."],
      ["users", "it has a table of another program with the name of one of Vouch's"],
    ] as const) {
      await sql.unsafe(`CREATE TABLE ${table} (id INTEGER)`);
      const { code, err } = await migrate();
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(says) });
      expect(err).toContain("createdb --owner=USER NAME");
      const made = await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`;
      expect(made.map(({ tablename }: { tablename: string }) => tablename)).toEqual([table]);
      await sql.unsafe(`DROP TABLE ${table}`);
    }
  });

  test("says how the servers are started, as a shell reads it", async () => {
    const name = new URL(to).pathname.slice(1);
    const socket = `postgres:///${name}?host=${server.folder}&port=${server.port}&user=vouch`;
    const { code, out } = await migrate(undefined, socket);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`--database '${socket}';`) });
  });

  test("refuses a file that a server has open", async () => {
    const child = start("run", "--listen", "127.0.0.1:0", "--database", `sqlite:${path}`);
    await child.stdout.getReader().read();
    expect(await migrate()).toMatchObject({ code: 1, err: expect.stringContaining("Stop the server first") });
    expect(await isEmpty()).toBe(true);
    child.kill("SIGTERM");
    await child.exited;
    expect(await migrate()).toMatchObject({ code: 0 });
  });

  test("copies nothing when anything fails", async () => {
    const store = await openStore(to, { create: true, now });
    await store.close();
    await sql.unsafe("ALTER TABLE sessions ADD CONSTRAINT no_laptops CHECK (client IS NULL)");
    expect(await migrate()).toMatchObject({ code: 1, err: expect.stringContaining("Nothing was copied") });
    expect(await isEmpty()).toBe(true);
    await sql.unsafe("ALTER TABLE sessions DROP CONSTRAINT no_laptops");
    expect(await migrate()).toMatchObject({ code: 0 });
  });

  test("says that it is not known whether anything was copied when the answer to COMMIT is lost", async () => {
    await (await openStore(to, { create: true, now })).close();
    const proxy = await droppingProxy(Number(new URL(to).port));
    onTestFinished(() => proxy.close());
    const through = new URL(to);
    through.port = `${proxy.port}`;
    const dropped = proxy.dropAt("COMMIT", "after");
    const { code, err } = await migrate(undefined, through.href);
    await dropped;
    expect(err).not.toContain("Nothing was copied");
    expect({ code, err }).toMatchObject({ code: 6, err: expect.stringContaining("It is not known whether") });
  });

  test("refuses what is not the move from SQLite to PostgreSQL", async () => {
    const missing = join(folder, "missing.db");
    const cases: [string, string, number, string][] = [
      [`sqlite:${missing}`, to, 1, "There is no database"],
      [to, to, 2, "Only a SQLite database"],
      [`sqlite:${path}`, `sqlite:${missing}`, 2, "Only a PostgreSQL database"],
      [`sqlite:${path}`, to.replace("vouch@", "vouch:staple@"), 2, "on the command line"],
      [to.replace("vouch@", "vouch:staple@"), to, 2, "on the command line"],
      [`sqlite:${path}`, to.replace("test_", "nowhere_"), 1, "there is no such database"],
      [`sqlite:${path}`, "postgres://vouch@127.0.0.1:1/vouch", 6, "it cannot be reached"],
    ];
    for (const [from, target, code, words] of cases) {
      const answer = await migrate(from, target);
      expect({ from, target, ...answer }).toMatchObject({ code, err: expect.stringContaining(words) });
      expect(answer.out + answer.err).not.toContain("staple");
    }
    expect(existsSync(missing)).toBe(false);
    const empty = join(folder, "empty.db");
    await (await openStore(`sqlite:${empty}`, { create: true, now })).close();
    expect(await migrate(`sqlite:${empty}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining("has no signing key"),
    });
    expect(await isEmpty()).toBe(true);
  });
});
