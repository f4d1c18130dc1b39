/** `vouch guest` with the compiled executables: what a guest gets, and in which words it is refused the rest. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeLock } from "../../../src/agent/process/lock.ts";
import type { GuestReply, RecordEntry } from "../../../src/agent/wire/reply-parts.ts";
import { names } from "../../sandbox/main.ts";
import { cargoGet, ended, executable, type Finished, type Laptop, startLaptop } from "../../laptop.ts";

let laptop: Laptop;
let guest: GuestReply;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  guest = JSON.parse(await ended(laptop.vouch("guest", "add", "box", "--json"))) as GuestReply;
});
afterAll(async () => laptop?.stop());

/** Runs the executable as the guest does: a home folder of its own, and the variable. */
function asGuest(args: string[], options: { stdin?: string; folder?: string } = {}): Promise<Finished> {
  const home = join(laptop.folder, "far-home");
  mkdirSync(home, { recursive: true });
  const moved = Object.entries(laptop.env).map(([name, value]) => [name, value.replaceAll(laptop.home, home)]);
  const env = { ...Object.fromEntries(moved), VOUCH_RUNTIME_DIR: options.folder ?? guest.folder };
  return laptop.run([executable, ...args], { env, ...(options.stdin === undefined ? {} : { stdin: options.stdin }) });
}

describe("a guest", () => {
  test("gets tokens for reading, by each helper", async () => {
    const { stdout: token } = await asGuest(["credential", "codeartifact"]);
    expect(token).toContain("vouch-sandbox-token");
    const cargo = await asGuest(["--cargo-plugin"], { stdin: cargoGet() });
    expect(cargo.stdout).toContain("vouch-sandbox-token");
    const child = await asGuest(["exec", "--", "sh", "-c", "echo $CODEARTIFACT_AUTH_TOKEN"]);
    expect(child.stdout).toBe(token);
    expect((await asGuest(["status", "--prompt"])).stdout).toMatch(/\d/);
  });

  test("is in the record by its name", async () => {
    await asGuest(["credential", "codeartifact"]);
    const lines = (await ended(laptop.vouch("log", "--json"))).trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as RecordEntry);
    expect(entries.filter((entry) => entry.guest?.name === "box").map(({ operation }) => operation)).toContain("token");
    expect((await laptop.vouch("log")).stdout).toMatch(/guest box, user id \d+: vouch \(\d+\)/);
  });

  test.each<[string, string[]]>([
    ["to publish", ["--cargo-plugin"]],
    ["its security keys", ["keys", "list"]],
    ["its sessions", ["sessions", "list"]],
    ["credentials of a role", ["credential", "aws"]],
    ["to end the session", ["logout"]],
    ["to stop the agent", ["agent", "stop"]],
    ["the record", ["log"]],
    ["to make a guest", ["guest", "add", "other"]],
  ])("is refused %s, and told where the agent is", async (_, args) => {
    const stdin = cargoGet().replace('"read"', '"publish","name":"x","vers":"1.0.0","cksum":"00"');
    const { exitCode, stdout, stderr } = await asGuest(args, { stdin });
    if (args[0] === "--cargo-plugin") expect(stdout).toContain("no publish tokens");
    else expect(exitCode).toBe(5);
    expect(`${stdout}${stderr}`).toMatch(/another machine/);
    expect(`${stdout}${stderr}`).not.toContain("vouch-sandbox-token");
    expect((await laptop.vouch("status")).exitCode).toBe(0);
  });

  test("is told to log in where the key is", async () => {
    const { exitCode, stderr } = await asGuest(["login", "--server", "https://vouch.example.com"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("runs on another machine, which calls this one its guest box");
    expect(stderr).toContain("Log in there");
  });

  test("is told by status and doctor that it is one, and what is done where", async () => {
    const status = await asGuest(["status"]);
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toMatch(/Agent +on another machine, which gives this one, its guest box, read tokens/);
    const { exitCode, stdout } = await asGuest(["doctor"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("The agent runs on another machine, which calls this one its guest box.");
    expect(stdout).toContain(
      "Here work tokens for reading. Logging in, publishing and keys are for the other machine.",
    );
    expect(stdout).toContain("No repository is set up on this machine.");
    expect(stdout).not.toMatch(/security key is|vouch enroll|vouch setup aws/);
    const place = ["--domain", names.domain, "--domain-owner", names.account, "--region", names.region];
    await ended(asGuest(["setup", "codeartifact", ...place, "--repository", names.repository, "--tool", "cargo"]));
    const after = JSON.parse((await asGuest(["doctor", "--json"])).stdout) as {
      sections: { section: string; findings: { status: string; found: string }[] }[];
    };
    const found = after.sections.find(({ section }) => section === "Access")!.findings;
    expect(found).toMatchObject([{ status: "ok", found: expect.stringContaining("lets the role read") }]);
  });

  test("gets credentials of the configured role where that is set", async () => {
    await ended(laptop.vouch("guest", "add", "cloud", "--credentials"));
    const folder = guest.folder.replace(/box$/, "cloud");
    expect((await asGuest(["credential", "aws"], { folder })).stdout).toContain('"AccessKeyId":');
    await ended(laptop.vouch("guest", "remove", "cloud"));
    expect(existsSync(folder)).toBe(false);
  });
});

test("a guest of this session is listed, and gone with it; the others are there in the next one", async () => {
  await ended(laptop.vouch("guest", "add", "short", "--session"));
  const { guests } = JSON.parse(await ended(laptop.vouch("guest", "list", "--json"))) as { guests: GuestReply[] };
  expect(guests.map(({ name, temporary }) => [name, temporary])).toEqual([
    ["box", false],
    ["short", true],
  ]);
  expect((await laptop.vouch("guest", "list")).stdout).toMatch(/short +own +tokens +the session ends/);
  await ended(laptop.vouch("logout"));
  const { exitCode, stderr } = await asGuest(["credential", "codeartifact"]);
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(/another machine, .*guest box\. There: Run `vouch login`|mounted here|not running/);
  await laptop.login();
  expect((await asGuest(["credential", "codeartifact"])).stdout).toContain("vouch-sandbox-token");
  expect(existsSync(guest.folder.replace(/box$/, "short"))).toBe(false);
  expect((await laptop.vouch("guest", "remove", "short")).stderr).toContain("There is no guest short");
});

test.each<[string[], string]>([
  [["add"], "NAME is missing"],
  [["add", "Box"], "A guest's name is of a-z, 0-9 and -"],
  [["add", "box", "--uid", "me"], '--uid expects a user id, got "me"'],
  [["add", "box", "--folder", "here"], "--folder expects an absolute path"],
  [["add", "box", "--session"], "The guest box is there with every session already"],
  [["remove", "nobody"], "There is no guest nobody"],
])("vouch guest %j says what is wrong", async (args, message) => {
  const { exitCode, stderr } = await laptop.vouch("guest", ...args);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(message);
});

test("flags add to what a guest may do, and a user id that was named stays", async () => {
  await ended(laptop.vouch("guest", "add", "more", "--uid", "1234"));
  const added = await ended(laptop.vouch("guest", "add", "more", "--uid", "1235", "--credentials", "--json"));
  expect(JSON.parse(added)).toMatchObject({ uids: [1234, 1235], credentials: true });
  const { stderr } = await laptop.vouch("guest", "add", "more");
  expect(stderr).toContain("gets read tokens and credentials of configured roles, for your own user id and 1234, 1235");
});

test("a guest of other settings than the agent's is written down, with a warning and what to do", async () => {
  const config = join(laptop.folder, "other.json");
  const other = (...args: string[]) => laptop.run([executable, "guest", ...args], { env: { VOUCH_CONFIG: config } });
  writeFileSync(config, JSON.stringify({ version: 1, server: { url: "https://vouch.example.com" } }));
  for (const flags of [[], ["--json"]]) {
    const { exitCode, stdout, stderr } = await other("add", "elsewhere", ...flags);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("reads its settings from") });
    expect(stderr).toContain("vouch agent stop, then vouch login in this shell");
    if (flags.length > 0) expect(JSON.parse(stdout)).toMatchObject({ name: "elsewhere", temporary: false });
  }
  expect(JSON.parse(readFileSync(config, "utf8"))).toMatchObject({ guests: { elsewhere: {} } });
  expect(existsSync(join(guest.folder, "../elsewhere"))).toBe(false);
  const removed = await other("remove", "elsewhere");
  expect({ exitCode: removed.exitCode, stderr: removed.stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(/reads its settings from .* To have both use the same: vouch agent stop/),
  });
  const absent = await other("remove", "nobody");
  expect(absent.stderr).toContain("There is no guest nobody.");
  expect(absent.stderr).not.toContain("To have it open");
});

describe("a folder that cannot be used is refused, and the settings stay as they were:", () => {
  const path = () => join(laptop.folder, "no-guests");
  const settingsText = () =>
    readFileSync(laptop.env["VOUCH_CONFIG"] ?? join(laptop.home, ".config/vouch/config.json"), "utf8");

  test.each<[string, () => string, string]>([
    ["the agent's own", () => laptop.env["VOUCH_RUNTIME_DIR"]!, "it is the agent's own"],
    ["another guest's", () => guest.folder, "the folder of another guest"],
    ["one in another guest's", () => join(guest.folder, "inner"), "the folder of another guest"],
    ["one with other files", () => (mkdirSync(path()), writeFileSync(join(path(), "mine"), ""), path()), "other files"],
    ["one in a file", () => join(path(), "mine/guest"), "a part of its path is not a folder"],
    ["one of a long path", () => join(path(), "x".repeat(108)), "bytes, and the system allows 10"],
  ])("%s", async (_, folderOf, why) => {
    const [folder, before] = [folderOf(), settingsText()];
    for (const words of [["new"], ["more"], ["new", "--session"], ["new", "--json"]]) {
      const { exitCode, stdout, stderr } = await laptop.vouch("guest", "add", ...words, "--folder", folder);
      expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 1, stdout: "", stderr: expect.stringContaining(why) });
      expect(stderr).not.toContain("✓");
    }
    expect(settingsText()).toBe(before);
    expect((await laptop.vouch("guest", "list")).stdout).not.toContain("new");
    expect((await laptop.vouch("status")).exitCode).toBe(0);
  });
});

test("a guest that cannot be opened is not written down, though its folder can be used", async () => {
  using _ = servedElsewhere(join(laptop.folder, "served"));
  const { exitCode, stderr } = await laptop.vouch("guest", "add", "late", "--folder", join(laptop.folder, "served"));
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining("another agent serves a guest"),
  });
  expect((await laptop.vouch("guest", "list")).stdout).not.toContain("late");
});

test("a guest's own folder is the same in another spelling, and stays where the new one cannot be used", async () => {
  const [folder, served] = [join(laptop.folder, "own"), join(laptop.folder, "served-too")];
  await ended(laptop.vouch("guest", "add", "own", "--folder", `${folder}/./`));
  using descriptor = opened(folder);
  const add = (path: string) => laptop.vouch("guest", "add", "own", "--folder", path, "--json");
  expect(JSON.parse(await ended(add(`${laptop.folder}//own/`)))).toMatchObject({ folder });
  using _ = servedElsewhere(served);
  expect((await add(served)).exitCode).toBe(1);
  expect(lstatSync(folder).ino).toBe(descriptor.ino);
  expect((await asGuest(["credential", "codeartifact"], { folder })).stdout).toContain("vouch-sandbox-token");
  await ended(laptop.vouch("guest", "remove", "own"));
});

test("without an agent the folder of another guest is refused, though it is not made yet", async () => {
  const folder = join(laptop.folder, "not-made");
  const env = { VOUCH_RUNTIME_DIR: join(laptop.folder, "no-agent"), VOUCH_CONFIG: join(laptop.folder, "at-rest.json") };
  const add = (name: string, path: string) => laptop.run([executable, "guest", "add", name, "--folder", path], { env });
  await ended(add("one", folder));
  for (const path of [`${folder}/`, join(folder, "in")]) {
    const { exitCode, stderr } = await add("two", path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("folder of another guest") });
  }
});

/** The folder's inode number, which no other folder gets meanwhile. */
function opened(folder: string): Disposable & { ino: number } {
  const descriptor = openSync(folder, "r");
  return { ino: lstatSync(folder).ino, [Symbol.dispose]: () => closeSync(descriptor) };
}

/** A guest's folder whose lock another process holds. */
function servedElsewhere(folder: string): Disposable {
  mkdirSync(folder, { mode: 0o700 });
  const release = takeLock(join(folder, "guest.lock"));
  expect(release).toBeDefined();
  return { [Symbol.dispose]: () => release!() };
}

test("without an agent a folder that cannot be used is refused, too", async () => {
  const folder = join(laptop.folder, "no-guests-at-rest");
  mkdirSync(folder);
  writeFileSync(join(folder, "mine"), "");
  const env = { VOUCH_RUNTIME_DIR: join(laptop.folder, "no-agent") };
  const { exitCode, stderr } = await laptop.run([executable, "guest", "add", "new", "--folder", folder], { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("it holds other files") });
});

test("a socket that somebody has deleted is there again once the guests are listed", async () => {
  const socket = join(guest.folder, "agent.sock");
  rmSync(socket);
  expect((await laptop.vouch("guest", "list")).stderr).toBe("");
  expect((await asGuest(["credential", "codeartifact"])).stdout).toContain("vouch-sandbox-token");
});
