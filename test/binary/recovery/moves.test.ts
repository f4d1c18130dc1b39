/** docs/recovery.md: the server on another machine, without its signing key, in another version. */
import { Database } from "bun:sqlite";
import { afterEach, describe, expect, onTestFinished, test } from "bun:test";
import { cpSync, copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../src/server/random.ts";
import { requires } from "../../requires.ts";
import { undone } from "../../server/store/contract/database.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { installExecutable, type Machine, makeMachine } from "./machine.ts";
import { enrol, exchange, kids, login, url } from "./people.ts";

const encrypted = 'key-encryption-key = "credential:kek"\n';
const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.remove();
});

function newMachine(settings = ""): Machine {
  const machine = makeMachine(tempFolderUntil(onTestFinished), { settings });
  machines.push(machine);
  return machine;
}

/** A machine whose server runs, with its signing key encrypted. */
async function withKek(): Promise<Machine> {
  const machine = newMachine(encrypted);
  const kek = Buffer.alloc(32, 7).toString("base64");
  writeFileSync(join(machine.root, "etc/vouch/kek"), kek, { mode: 0o600 });
  await machine.type(`vouch server init --url ${url}`);
  await machine.type("systemctl start vouch-server");
  return machine;
}

const place = (machine: Machine) => join(machine.root, "var/lib/vouch-server/server.db");

test("on another machine the same server goes on: URL, signing key, security keys; sessions have ended", async () => {
  const old = await withKek();
  const person = await enrol(old, "dev@example.com");
  const before = await kids(old.base());
  const token = (await login(old.base(), person)).body.access_token as string;
  await old.follow("Move to another machine", 0);
  expect(() => old.base()).toThrow("no server runs");
  const next = newMachine(encrypted);
  copyFileSync(join(old.home, "vouch-move.db"), join(next.home, "vouch-move.db"));
  cpSync(join(old.root, "etc/vouch/kek"), join(next.root, "etc/vouch/kek"));
  const said = await next.follow("Move to another machine", 1);
  expect(said).toContain("dev@example.com");
  expect((statSync(place(next)).mode & 0o777).toString(8)).toBe("600");
  expect(await kids(next.base())).toEqual(before);
  expect(await exchange(next.base(), person, token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  const again = await login(next.base(), person);
  expect(again.status).toBe(200);
  expect((await exchange(next.base(), person, again.body.access_token)).status).toBe(200);
});

test.skipIf(!requires("openssl"))(
  "without its key-encryption key a server does not start, says why, and goes on with a new signing key",
  async () => {
    const machine = await withKek();
    const person = await enrol(machine, "dev@example.com");
    const token = (await login(machine.base(), person)).body.access_token as string;
    const [lost] = await kids(machine.base());
    machine.configure("");
    rmSync(join(machine.root, "etc/vouch/kek"));
    await machine.type("systemctl stop vouch-server");
    const refused = await machine.type("systemctl start vouch-server", 1);
    expect(refused).toContain("is encrypted, and no key-encryption key is given");
    expect(refused).toContain(`The signing key ${lost}`);

    machine.configure(encrypted);
    const said = await machine.follow("The signing key is lost");
    expect(said).toContain(`${lost} is removed.`);
    const [made, ...others] = await kids(machine.base());
    expect(others).toEqual([]);
    expect(made).not.toBe(lost);
    // The session that there was goes on.
    const { status, body } = await exchange(machine.base(), person, token);
    expect(status).toBe(200);
    const head = JSON.parse(Buffer.from(body.access_token.split(".")[0], "base64url").toString());
    expect(head.kid).toBe(made);
    expect((await login(machine.base(), person)).status).toBe(200);
    // Nobody can say any more whose the checkpoints of the lost key are, until one after them is named.
    await machine.type("systemctl stop vouch-server");
    const doubted = await machine.type("vouch server audit verify", 1);
    expect(doubted).toContain("the server doubted what is before it");
    const checkpoints = JSON.parse(await machine.type("vouch server audit --event checkpoint --json"));
    const { number, hash } = checkpoints.at(-1);
    await machine.type(`vouch server audit verify --checkpoint ${number}:${hash}`);
  },
  120_000,
);

describe("a change of version", () => {
  /** A machine with an executable of its own, and a session. */
  async function installed() {
    const machine = newMachine();
    rmSync(join(machine.root, "usr/local/bin/vouch"));
    installExecutable(machine, "usr/local/bin/vouch");
    await machine.type(`vouch server init --url ${url}`);
    await machine.type("systemctl start vouch-server");
    const person = await enrol(machine, "dev@example.com");
    const token = (await login(machine.base(), person)).body.access_token as string;
    return { machine, person, token };
  }
  function change(machine: Machine, ...statements: string[]): void {
    const database = new Database(place(machine));
    for (const statement of statements) database.run(statement);
    database.close();
  }

  test("migrates an older database, and sessions go on", async () => {
    const { machine, person, token } = await installed();
    await machine.type("systemctl stop vouch-server");
    // As the version before the audit log has left it.
    change(machine, ...undone(4), "DELETE FROM schema_versions WHERE version > 4");
    installExecutable(machine, "root/vouch-new");
    const said = await machine.follow("Upgrade");
    expect(said).toMatch(/ok +database: .* has version \d+/);
    expect(await exchange(machine.base(), person, token)).toMatchObject({ status: 200 });
    expect((await login(machine.base(), person)).status).toBe(200);
  });

  test("back is possible where the newer one only added: nothing is lost", async () => {
    const { machine, person, token } = await installed();
    installExecutable(machine, "usr/local/bin/vouch-before");
    change(
      machine,
      "CREATE TABLE of_a_newer_version (id TEXT)",
      "ALTER TABLE users ADD COLUMN newer TEXT",
      "INSERT INTO schema_versions (version, applied_at, needs) VALUES (99, 1, 1)",
    );
    const said = await machine.follow("Roll back", 0);
    expect(said).toContain("has version 99, of a newer Vouch, which this one can use");
    expect(await exchange(machine.base(), person, token)).toMatchObject({ status: 200 });
  });

  test("back is refused in words where the newer one took away, and the backup from before the upgrade serves", async () => {
    const { machine, person } = await installed();
    await machine.type("vouch server backup before-upgrade.db");
    installExecutable(machine, "usr/local/bin/vouch-before");
    await machine.type("systemctl stop vouch-server");
    change(machine, "INSERT INTO schema_versions (version, applied_at, needs) VALUES (99, 1, 99)");
    const before = sha256(readFileSync(place(machine)).toString("latin1"));
    expect(await machine.follow("Roll back", 0, 1)).toMatch(
      /has version 99, which needs a Vouch that knows version 99; this one knows \d+/,
    );
    const refused = await machine.type("systemctl start vouch-server", 1);
    expect(refused).toMatch(/has version 99, which needs a Vouch that knows version 99; this one knows \d+/);
    expect(refused).toContain("vouch server restore");
    expect(sha256(readFileSync(place(machine)).toString("latin1"))).toBe(before);
    await machine.follow("Roll back", 1);
    expect((await login(machine.base(), person)).status).toBe(200);
  });
});
