/** docs/recovery.md: a backup under load, verified, restored after a loss; on SQLite and on PostgreSQL. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../src/server/random.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { blocksOf } from "../../docs/blocks.ts";
import { requires } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { type Machine, makeMachine } from "./machine.ts";
import { enrol, exchange, kids, login, type Person, startLoad, url } from "./people.ts";

/** The load is more than people do: on a fast machine it would meet the limits of a person's requests. */
const settings = "person-limit = 1000000\ncredential-limit = 1000000\n";

let machine: Machine;
let people: Person[];

async function ready(): Promise<void> {
  await machine.type(`vouch server init --url ${url}`);
  await machine.type("systemctl start vouch-server");
  people = [];
  for (const name of ["first", "second", "third"]) people.push(await enrol(machine, `${name}@example.com`));
}

/** Runs a runbook under a load; returns the sessions that were acknowledged before it began. */
async function underLoad(runbook: () => Promise<unknown>): Promise<{ person: Person; token: string }[]> {
  const load = startLoad(machine.base(), people);
  await load.more(20);
  const before = [...load.tokens];
  await runbook();
  await load.more(20);
  expect(await load.stop()).toEqual([]);
  expect(before.length).toBeGreaterThan(0);
  return before;
}

/** What is revoked, used and made after the backup, and not in it. */
async function afterwards(): Promise<Person> {
  await machine.type("vouch server disable third@example.com");
  return await enrol(machine, "late@example.com");
}

/** What docs/recovery.md says of a restored server. */
async function expectRestored(
  { before, late, kidsBefore }: { before: { person: Person; token: string }[]; late: Person; kidsBefore: string[] },
  database: string,
): Promise<void> {
  const base = machine.base();
  expect(await kids(base)).toEqual(kidsBefore);
  for (const person of people) expect((await login(base, person)).status).toBe(200);
  expect(await login(base, late)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  const last = before.at(-1)!;
  expect(await exchange(base, last.person, last.token)).toMatchObject({
    status: 400,
    body: { error: "invalid_grant" },
  });
  // All that was answered before the backup began is in it.
  const now = Math.floor(Date.now() / 1000);
  const store = await openStore(database, { create: false, now });
  for (const { token } of before) expect((await store.sessions.find(sha256(token)))?.revoked).toBe(true);
  await store.close();
}

afterEach(async () => machine?.remove());

describe("SQLite", () => {
  const path = () => join(machine.root, "var/lib/vouch-server/server.db");
  beforeEach(async () => {
    machine = makeMachine(tempFolderUntil(onTestFinished), { settings });
    await ready();
  });

  test("a backup under load is whole, mode 0600, and serves after the loss of the file", async () => {
    const kidsBefore = await kids(machine.base());
    const before = await underLoad(async () => await machine.follow("Back up a SQLite database"));
    const backup = join(machine.home, "vouch-backup.db");
    expect((statSync(backup).mode & 0o777).toString(8)).toBe("600");
    await machine.type("sha256sum --check vouch-backup.db.sha256");
    const late = await afterwards();
    await machine.crash();
    rmSync(join(machine.root, "var/lib/vouch-server"), { recursive: true });
    const said = await machine.follow("Restore a SQLite database");
    expect(said).toContain("people log in again");
    expect((statSync(path()).mode & 0o777).toString(8)).toBe("600");
    await expectRestored({ before, late, kidsBefore }, `sqlite:${path()}`);
  });

  test("a file that was there is kept, and its audit log says what was done since the backup", async () => {
    await machine.follow("Back up a SQLite database");
    await afterwards();
    await machine.type("systemctl stop vouch-server");
    const said = await machine.follow("Restore a SQLite database");
    const name = readdirSync(join(path(), "..")).find((each) => each.startsWith("server.db.replaced-"))!;
    expect(said).toContain(name);
    const since = await machine.type(
      `vouch server audit --since 1h --event disable --jsonl --database sqlite:/var/lib/vouch-server/${name}`,
    );
    expect(JSON.parse(since)).toMatchObject({ event: "disable", email: "third@example.com" });
    const users = JSON.parse(await machine.type("vouch server users --json")) as { email: string; disabled: boolean }[];
    expect(users.map(({ email, disabled }) => [email, disabled])).toEqual([
      ["first@example.com", false],
      ["second@example.com", false],
      ["third@example.com", false],
    ]);
  });

  test("a row of a backup that was changed shows in its checksum alone", async () => {
    await machine.follow("Back up a SQLite database");
    const backup = join(machine.home, "vouch-backup.db");
    const bytes = readFileSync(backup);
    const at = bytes.indexOf("first@example.com");
    bytes.write("thief", at);
    writeFileSync(backup, bytes);
    expect(await machine.type("sha256sum --check vouch-backup.db.sha256", 1)).toContain("FAILED");
  });
});

describe.skipIf(!requiresPostgres() || !requires("pg_dump", "pg_restore", "createdb", "dropdb", "psql"))(
  "PostgreSQL, as an ordinary role",
  () => {
    let server: Postgres;
    beforeAll(async () => {
      server = await startPostgres();
      // The role that made the cluster may everything; a server's has no right but its database.
      const first = lookInto(`postgres://vouch@127.0.0.1:${server.port}/postgres`);
      await first.unsafe("CREATE ROLE postgres LOGIN SUPERUSER");
      await first.close();
      const sql = lookInto(`postgres://postgres@127.0.0.1:${server.port}/postgres`);
      await sql.unsafe("ALTER ROLE vouch RENAME TO first; CREATE ROLE vouch LOGIN").simple();
      await sql.close();
    });
    afterAll(async () => server?.remove());

    /** A machine with what the page has exported, and the database that docs/server.md makes. */
    async function prepare(host: string): Promise<string> {
      const at = (name: string) =>
        host.startsWith("/")
          ? `postgres:///${name}?host=${host}&port=${server.port}&user=vouch`
          : `postgres://vouch@${host}:${server.port}/${name}`;
      const database = at("vouch");
      const env = { PGHOST: host, PGPORT: `${server.port}`, PGUSER: "postgres", VOUCH_DATABASE: database };
      machine = makeMachine(tempFolderUntil(onTestFinished), {
        settings,
        database,
        env: { ...env, VOUCH_CHECK: at("vouch_check") },
      });
      await machine.type("dropdb --if-exists vouch && dropdb --if-exists vouch_replaced");
      await machine.type(
        blocksOf("docs/server.md")
          .find(({ text }) => text.includes("createdb"))!
          .text.split("\n")[0]!,
      );
      await ready();
      return database;
    }

    test.each([
      ["TCP", () => "127.0.0.1"],
      ["a Unix socket", () => server.folder],
    ])("over %s a dump under load is verified, mode 0600, and serves after it was restored", async (_way, host) => {
      const database = await prepare(host());
      const kidsBefore = await kids(machine.base());
      const before = await underLoad(async () => await machine.follow("Back up a PostgreSQL database"));
      const dump = join(machine.home, "vouch-backup.dump");
      expect((statSync(dump).mode & 0o777).toString(8)).toBe("600");
      await machine.type("sha256sum --check vouch-backup.dump.sha256");
      const late = await afterwards();
      await machine.crash();
      await machine.follow("Restore a PostgreSQL database");
      await expectRestored({ before, late, kidsBefore }, database);
    });

    test("pasted into a shell of a role that may not make databases, nothing says that it was restored", async () => {
      await prepare("127.0.0.1");
      await machine.follow("Back up a PostgreSQL database");
      const pasted = (heading: string) => {
        const block = blocksOf("docs/recovery.md").find(
          (each) => each.heading === heading && each.language === "sh" && !each.elsewhere,
        );
        return `set +eu +o pipefail; export PGUSER=vouch\n${block!.text}`;
      };
      const failed = await machine.type(pasted("Restore a PostgreSQL database"), 1);
      expect(failed).toContain("permission denied");
      expect(failed).not.toMatch(/is whole|Ended \d/);
      await machine.type("rm *.sha256");
      expect(await machine.type(pasted("Back up a PostgreSQL database"), 1)).not.toContain("is whole");
      expect(readdirSync(machine.home)).not.toContain("vouch-backup.dump.sha256");
    });
  },
);
