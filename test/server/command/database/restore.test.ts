/** `vouch server restore` as a process: what it puts in place, and what it refuses without changing anything. */
import { Database } from "bun:sqlite";
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";
import { credential } from "../../store/contract/database.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const now = Math.floor(Date.now() / 1000);
const isRoot = process.getuid?.() === 0;

let folder: string;
let path: string;
let backup: string;

async function vouch(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, "server", ...args], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: `sqlite:${path}`, ...env },
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const open = () => openStore(`sqlite:${path}`, { create: false, now });
/** Every file of the folder, with its content. */
const files = () =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(folder, name), "base64")]);
const replaced = () => readdirSync(folder).filter((name) => /^vouch\.db\.replaced-\d{8}T\d{6}Z$/.test(name));

/** A database with one session and an open code, and a backup of it. */
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "vouch.db");
  backup = join(folder, "backup.db");
  await vouch(["init", "--url", "https://vouch.example.com"]);
  await vouch(["invite", "dev@example.com"]);
  const store = await open();
  await store.transaction(
    async ({ accounts, authorizationCodes, credentials, pushedRequests, sessions, ceremonies }) => {
      const user = (await accounts.findUser("dev@example.com"))!;
      await credentials.add(credential(user.id, "key-1", "first"));
      const session = { user, jkt: "j", credentialId: "key-1", createdAt: now - 60, expiresAt: now + 3600 };
      await sessions.add("token", session);
      const bound = { challenge: "x", jkt: "j", ceremony: "c", revocation: 0 };
      const times = { createdAt: now, expiresAt: now + 300 };
      await authorizationCodes.add("code", { userId: user.id, credentialId: "key-1", ...bound, ...times });
      await pushedRequests.add("pushed", { challenge: "x", jkt: "j", address: "192.0.2.7", ...times });
      await ceremonies.add({ id: "c", type: "authentication", challenge: "x", expiresAt: now + 300 });
    },
  );
  await store.close();
  await vouch(["backup", backup]);
});

describe("vouch server restore", () => {
  test("puts the backup in place with mode 0600, ends sessions, codes and ceremonies, and keeps what was there", async () => {
    await vouch(["revoke", "dev@example.com", "--credentials"]);
    await vouch(["invite", "late@example.com"]);
    chmodSync(backup, 0o644);
    const { code, stdout } = await vouch(["restore", "backup.db"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "backup.db is whole: the database of https://vouch.example.com (1 person, 1 security key).",
    );
    expect(stdout).toContain("Ended 1 session and withdrew 1 open code");
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
    expect(replaced()).toHaveLength(1);
    expect(stdout).toContain(replaced()[0]!);

    const store = await open();
    expect((await store.sessions.find("token"))?.revoked).toBe(true);
    expect(await store.ceremonies.take("c", "authentication")).toBeUndefined();
    expect(await store.authorizationCodes.take("code")).toBeUndefined();
    expect(await store.pushedRequests.take("pushed")).toBeUndefined();
    const users = await store.accounts.users(now);
    expect(users).toMatchObject([{ email: "dev@example.com", sessions: 0, inviteExpiresAt: undefined }]);
    expect(await store.credentials.ofUser(users[0]!.id)).toHaveLength(1);
    await store.close();
    const audit = JSON.parse((await vouch(["audit", "--json"])).stdout);
    expect(audit.at(-1)).toMatchObject({ event: "restore", detail: { file: "backup.db", sessions: 1, invites: 1 } });
    expect((await vouch(["audit", "verify"])).code).toBe(0);

    const before = await vouch(["users", "--json", "--database", `sqlite:${join(folder, replaced()[0]!)}`]);
    expect(JSON.parse(before.stdout).map(({ email }: { email: string }) => email)).toEqual([
      "dev@example.com",
      "late@example.com",
    ]);
  });

  test("removes the tokens of SCIM that the backup has, one of which was removed after it", async () => {
    await vouch(["scim", "add", "entra"]);
    const destination = join(folder, "backup-with-token.db");
    const elsewhere = `sqlite:${join(folder, "with-token.db")}`;
    await vouch(["backup", destination]);
    await vouch(["scim", "remove", "entra"]);
    const { code, stdout } = await vouch(["restore", destination, "--database", elsewhere]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "Removed 1 token of SCIM: give the identity provider a new one: vouch server scim add NAME",
    );
    const left = await vouch(["scim", "list", "--json", "--database", elsewhere]);
    expect(JSON.parse(left.stdout)).toEqual([]);
  });

  test("with --dry-run says what is in the backup and writes nothing", async () => {
    const before = files();
    const { code, stdout } = await vouch(["restore", backup, "--dry-run"]);
    expect(code).toBe(0);
    expect(stdout).toContain("is whole: the database of https://vouch.example.com (1 person, 1 security key).");
    expect(files()).toEqual(before);
  });

  test("needs no database before, and makes its folder for the user alone", async () => {
    const elsewhere = join(folder, "state/vouch/server.db");
    const { code, stdout } = await vouch(["restore", backup, "--json", "--database", `sqlite:${elsewhere}`]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sessions: 1, invites: 1, path: elsewhere, problems: [] });
    expect((statSync(join(folder, "state/vouch")).mode & 0o777).toString(8)).toBe("700");
    expect(readdirSync(join(folder, "state/vouch"))).toEqual(["server.db"]);
  });

  /** Leaves the database as a server does that was killed, with somebody invited in its log alone. */
  async function killed(): Promise<void> {
    const server = await open();
    const invite = async () =>
      server.transaction(async ({ accounts }) => void (await accounts.invite("late@example.com", "h", now, now + 9)));
    await invite();
    for (const name of ["", "-wal", "-shm"]) copyFileSync(path + name, `${path}.left${name}`);
    await server.close();
    for (const name of ["", "-wal", "-shm"]) renameSync(`${path}.left${name}`, path + name);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  }
  const emails = async (of: string) =>
    (JSON.parse((await vouch(["users", "--json", "--database", `sqlite:${of}`])).stdout) as { email: string }[]).map(
      ({ email }) => email,
    );

  test("keeps what is in the log of what was there, and does not apply it to the backup", async () => {
    await killed();
    expect((await vouch(["restore", backup])).code).toBe(0);
    expect(await emails(path)).toEqual(["dev@example.com"]);
    expect(await emails(join(folder, replaced()[0]!))).toEqual(["dev@example.com", "late@example.com"]);
  });

  test("replaces a database that is damaged, with the log that it has left", async () => {
    await killed();
    writeFileSync(path, "no database ".repeat(1000));
    expect((await vouch(["restore", backup])).code).toBe(0);
    expect(await emails(path)).toEqual(["dev@example.com"]);
    expect(readFileSync(join(folder, replaced()[0]!), "utf8")).toStartWith("no database");
    expect(statSync(join(folder, `${replaced()[0]!}-wal`)).size).toBeGreaterThan(0);
  });

  test.skipIf(!isRoot)(
    "gives a file that root restores or makes to whose the database was, else to whose the folder is",
    async () => {
      chownSync(path, 12_345, 12_346);
      expect((await vouch(["restore", backup])).code).toBe(0);
      expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 12_346 });
      const other = tempFolderUntil(onTestFinished);
      chownSync(other, 12_347, 12_348);
      expect((await vouch(["restore", backup, "--database", `sqlite:${join(other, "new.db")}`])).code).toBe(0);
      expect(statSync(join(other, "new.db"))).toMatchObject({ uid: 12_347, gid: 12_348 });
      const made = join(other, "made.db");
      const init = ["init", "--url", "https://vouch.example.com", "--database", `sqlite:${made}`];
      expect((await vouch(init)).code).toBe(0);
      expect(statSync(made)).toMatchObject({ uid: 12_347, gid: 12_348 });
    },
  );
});

describe("it changes nothing", () => {
  async function refused(args: string[], code: number, says: string): Promise<void> {
    const before = files();
    const run = await vouch(args);
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: "" });
    expect(run.stderr).toContain(says);
    expect(files()).toEqual(before);
  }

  test("while a server has the database open", async () => {
    const server = await open();
    // The first read opens the log.
    expect((await server.sessions.find("token"))?.revoked).toBe(false);
    const before = readdirSync(folder).length;
    const { code, stderr } = await vouch(["restore", backup]);
    expect(code).toBe(1);
    expect(stderr).toContain("is in use");
    expect(stderr).toContain("Stop the server first.");
    expect(readdirSync(folder)).toHaveLength(before);
    expect((await server.sessions.find("token"))?.revoked).toBe(false);
    await server.close();
  });

  test("with a backup that is cut off, is none, or is missing", async () => {
    copyFileSync(backup, join(folder, "cut.db"));
    truncateSync(join(folder, "cut.db"), 20_000);
    writeFileSync(join(folder, "none.db"), "none");
    for (const more of [[], ["--dry-run"]]) {
      await refused(["restore", "cut.db", ...more], 1, "cut.db is not whole");
      await refused(["restore", "none.db", ...more], 1, "none.db is no SQLite database");
      await refused(["restore", "missing.db", ...more], 1, "There is no backup");
    }
  });

  test("with a folder, a named pipe or a file that may not be read, which it does not wait for", async () => {
    mkdirSync(join(folder, "folder"));
    expect(Bun.spawnSync(["mkfifo", join(folder, "pipe")]).success).toBe(true);
    for (const more of [[], ["--dry-run"]]) {
      await refused(["restore", "folder", ...more], 1, "folder cannot be read: it is not a regular file.");
      await refused(["restore", "pipe", ...more], 1, "pipe cannot be read: it is not a regular file.");
    }
    if (isRoot) return;
    copyFileSync(backup, join(folder, "closed.db"));
    chmodSync(join(folder, "closed.db"), 0);
    const { code, stderr } = await vouch(["restore", "closed.db"]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be read: you may not") });
  });

  test("with a page of the backup overwritten", async () => {
    const bytes = readFileSync(backup);
    // The head of a page: what a row says nothing checks.
    bytes.fill(0xff, 4096 * 5, 4096 * 5 + 64);
    writeFileSync(join(folder, "bad.db"), bytes);
    await refused(["restore", "bad.db"], 1, "bad.db is not whole");
  });

  test("with another program's database", async () => {
    const other = new Database(join(folder, "other.db"));
    other.run("CREATE TABLE signing_keys (kid TEXT)");
    other.run("INSERT INTO signing_keys VALUES ('x')");
    other.close();
    await refused(["restore", "other.db"], 1, "holds no database of a Vouch server");
  });

  test("with a database's own file, which may have more in its log", async () => {
    await refused(["restore", "vouch.db"], 1, "vouch server backup FILE --database sqlite:");
    copyFileSync(path, join(folder, "plain-copy.db"));
    await refused(["restore", "plain-copy.db", "--dry-run"], 1, "is no backup");
  });

  test("with a backup of a version that this program does not know", async () => {
    const newer = new Database(backup);
    newer.run("INSERT INTO schema_versions (version, applied_at, needs) VALUES (99, 1, 99)");
    newer.close();
    await refused(["restore", backup], 1, "needs a Vouch that knows version 99");
  });

  test("with a trigger or view that is none of Vouch's, or without the versions of its schema", async () => {
    for (const [statement, says] of [
      ["CREATE TRIGGER back AFTER UPDATE ON sessions BEGIN SELECT 1; END", "has the trigger, rule or view back"],
      ["CREATE VIEW shown AS SELECT * FROM sessions", "has the trigger, rule or view shown"],
      ["DELETE FROM schema_versions", "lacks versions of its schema"],
      ["DELETE FROM schema_versions WHERE version = 2", "lacks versions of its schema"],
    ] as const) {
      copyFileSync(backup, join(folder, "changed.db"));
      const changed = new Database(join(folder, "changed.db"));
      changed.run(statement);
      changed.close();
      await refused(["restore", "changed.db", "--dry-run"], 1, says);
      await refused(["restore", "changed.db"], 1, says);
    }
  });

  test("over the database of another server", async () => {
    const other = ["--database", `sqlite:${join(folder, "other.db")}`];
    expect((await vouch(["init", "--url", "https://other.example.com", ...other])).code).toBe(0);
    const says = "other.db is the database of https://other.example.com, and the backup of https://vouch.example.com.";
    await refused(["restore", backup, ...other], 1, says);
  });

  test("without FILE, and with FILE for PostgreSQL", async () => {
    await refused(["restore"], 2, "Expected FILE");
    await refused(["restore", backup, "--database", "postgres://vouch@127.0.0.1:1/x"], 2, "pg_restore");
  });
});

describe("a backup with encrypted keys", () => {
  const kek = () => join(folder, "kek");
  const given = () => ["--key-encryption-key", `file:${kek()}`];
  beforeEach(async () => {
    writeFileSync(kek(), Buffer.alloc(32, 3).toString("base64"), { mode: 0o600 });
    expect((await vouch(["signing-keys", "encrypt", ...given()])).code).toBe(0);
    backup = join(folder, "encrypted.db");
    expect((await vouch(["backup", backup])).code).toBe(0);
  });

  test("is tried with the key-encryption key: a dry run fails where a server could not sign", async () => {
    expect(await vouch(["restore", backup, "--dry-run", ...given()])).toMatchObject({ code: 0 });
    const without = await vouch(["restore", backup, "--dry-run"]);
    expect(without.code).toBe(1);
    expect(without.stdout).toContain("A server could not sign with it:\nerror: The signing key ");
    expect(without.stdout).toContain("--key-encryption-key");
  });

  test("is restored all the same when that is lost", async () => {
    const { code, stdout } = await vouch(["restore", backup]);
    expect(code).toBe(0);
    expect(stdout).toContain("A server could not sign with it:\nerror: The signing key ");
    expect(JSON.parse((await vouch(["users", "--json"])).stdout)).toHaveLength(1);
  });
});
