/** What may be at the paths of a SQLite database and of a backup: commands as processes, and a server. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const now = Math.floor(Date.now() / 1000);
const url = "https://vouch.example.com";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "state/vouch.db");
  expect(await vouch(["init", "--url", url])).toMatchObject({ code: 0 });
});

async function vouch(args: string[], database = path, cwd = folder) {
  const child = Bun.spawn([process.execPath, main, "server", ...args], {
    env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: `sqlite:${database}` },
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Without what the runtime keeps in a home folder. */
const namesIn = (of: string) =>
  readdirSync(of)
    .filter((name) => !name.startsWith("."))
    .toSorted();
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe("a link to the database", () => {
  test("is the database: a server acknowledges what it writes, and a restore replaces the file", async () => {
    const link = join(folder, "current.db");
    symlinkSync("state/vouch.db", link);
    const store = await openStore(`sqlite:${link}`, { create: false, now, sync: "grouped" });
    await store.transaction(async ({ accounts }) => void (await accounts.invite("dev@example.com", "c", now, now + 9)));
    await store.settled();
    await store.probe(now);
    await store.close();
    expect(await vouch(["backup", "backup.db"], link)).toMatchObject({ code: 0 });
    const restored = await vouch(["restore", "backup.db", "--json"], link);
    expect(restored.code).toBe(0);
    const { path: said, replaced } = JSON.parse(restored.stdout);
    expect({ said, isLink: lstatSync(link).isSymbolicLink() }).toEqual({ said: path, isLink: true });
    expect(replaced).toStartWith(`${path}.replaced-`);
    expect(lstatSync(replaced).isFile()).toBe(true);
  });

  test("leads to where it is made, too", async () => {
    const link = join(folder, "next.db");
    symlinkSync(join(folder, "state/next.db"), link);
    expect(await vouch(["init", "--url", url], link)).toMatchObject({ code: 0 });
    expect(lstatSync(join(folder, "state/next.db")).isFile()).toBe(true);
    symlinkSync("round.db", join(folder, "round.db"));
    expect(await vouch(["users"], join(folder, "round.db"))).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("a folder or a named pipe for a database", () => {
  test("is refused, stays where it is as it is, and is not waited for", async () => {
    expect(await vouch(["backup", "backup.db"])).toMatchObject({ code: 0 });
    const beside = join(folder, "state");
    const pipe = join(folder, "pipe");
    expect(Bun.spawnSync(["mkfifo", "-m", "644", pipe]).success).toBe(true);
    chmodSync(beside, 0o755);
    const commands = [
      ["restore", "backup.db"],
      ["users"],
      ["init", "--url", url],
      ["check", "--listen", "127.0.0.1:0"],
      ["signing-keys", "replace-lost"],
      ["migrate", "--from", `sqlite:${beside}`, "--to", "postgres://vouch@127.0.0.1:1/x"],
    ];
    for (const args of commands) {
      for (const [database, what] of [
        [beside, "a folder"],
        [pipe, "no regular file"],
      ] as const) {
        if (args[0] === "migrate" && database === pipe) continue;
        const { code, stdout, stderr } = await vouch(args, database);
        expect({ args, code }).toEqual({ args, code: 1 });
        expect(stdout + stderr).toContain(`The database ${database} is ${what}.`);
      }
    }
    expect([mode(beside), mode(pipe)]).toEqual(["755", "644"]);
    expect(readdirSync(beside)).toEqual(["vouch.db"]);
  });

  test("in the place of its folder ends what a server says of itself as a database that was replaced", async () => {
    const store = await openStore(`sqlite:${path}`, { create: false, now, sync: "grouped" });
    await store.probe(now);
    renameSync(join(folder, "state"), join(folder, "moved"));
    writeFileSync(join(folder, "state"), "");
    const error: unknown = await store.probe(now).catch((thrown: unknown) => thrown);
    expect((error as Error).name).toBe("DatabaseReplacedError");
    await store.close();
  });
});

test("what a restore replaces gets mode 0600; a journal whose database is gone does not stay beside the new one", async () => {
  expect(await vouch(["backup", "backup.db"])).toMatchObject({ code: 0 });
  const restore = async () => JSON.parse((await vouch(["restore", "backup.db", "--json"])).stdout).replaced as string;
  chmodSync(path, 0o644);
  const first = await restore();
  expect(mode(first)).toBe("600");
  // In the same second the next one would have the same name.
  rmSync(first);
  renameSync(path, join(folder, "gone.db"));
  writeFileSync(`${path}-journal`, "of an interrupted transaction", { mode: 0o644 });
  const replaced = await restore();
  expect(mode(`${replaced}-journal`)).toBe("600");
  expect(readFileSync(`${replaced}-journal`, "utf8")).toBe("of an interrupted transaction");
  expect(existsSync(`${path}-journal`)).toBe(false);
});

describe("a backup", () => {
  test.each(["-wal", "-shm", "-journal"])(
    "is not made under a name that ends in %s, nor beside one",
    async (suffix) => {
      const refused = await vouch(["backup", `${path}${suffix}`]);
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toContain("takes a file");
      writeFileSync(join(folder, `backup.db${suffix}`), "");
      const beside = await vouch(["backup", "backup.db"]);
      expect(beside).toMatchObject({ code: 1, stdout: "" });
      expect(beside.stderr).toContain(`backup.db${suffix} exists`);
      expect(existsSync(join(folder, "backup.db"))).toBe(false);
      expect(await vouch(["users"])).toMatchObject({ code: 0 });
    },
  );

  test("may lie in a path with a ?, and is whole", async () => {
    mkdirSync(join(folder, "what?"));
    expect(await vouch(["backup", "what?/back?up.db"])).toMatchObject({ code: 0 });
    for (const more of [["--dry-run"], []]) {
      const { code, stdout } = await vouch(["restore", "what?/back?up.db", ...more]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("is whole") });
    }
    expect(namesIn(folder)).toEqual(["state", "what?"]);
  });

  test("that is named as nothing, or a database that is named without its kind, is refused in words", async () => {
    expect((await vouch(["backup", ""])).stderr).toContain(`error: ${folder} exists.`);
    const { code, stderr } = await vouch(["users", "--database", "/var/lib/m/x?:y"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("got a text without a scheme.") });
  });
});

test("a database in a path with a ? is refused, for the runtime would take another file", async () => {
  const odd = join(folder, "what?");
  mkdirSync(odd);
  for (const args of [["init", "--url", url], ["users"], ["backup", "x.db"]]) {
    const { code, stderr } = await vouch(args, "relative.db", odd);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("has a ?") });
  }
  expect(namesIn(folder)).toEqual(["state", "what?"]);
});
