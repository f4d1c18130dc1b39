/** A person with several security keys and two laptops: the compiled executables, at a terminal. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningAuthenticator, startAuthenticator } from "../authenticator/start.ts";
import { documentedLines } from "../documented.ts";
import { ended, executable, type Laptop, person, sandboxExecutable, serverUrl, startLaptop } from "../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../pty.ts";

const yubiKey = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");
const limitMs = 60_000;

let laptop: Laptop;
/** The environments of the person's other laptops, whose agents end with each test. */
const others: Record<string, string>[] = [];
const keys: Record<string, { key: RunningAuthenticator; socket: string }> = {};

interface Shown {
  id: string;
  name: string;
  model: string;
  thisSession: boolean;
  lastUsedAt: number | null;
}

beforeAll(async () => {
  laptop = await startLaptop();
}, limitMs);
afterAll(async () => {
  await laptop.stop();
});

beforeEach(async () => {
  // A new process has counted no requests yet: the tests enrol more often than one address may.
  await laptop.stopServer();
  await laptop.startServer();
  for (const [name, aaguid] of [
    ["work", yubiKey],
    ["drawer", undefined],
  ] as const) {
    const socket = join(laptop.folder, `${name}.sock`);
    const settings = { socketPath: socket, pin: person.pin, ...(aaguid ? { aaguid } : {}) };
    keys[name] = { socket, key: await startAuthenticator(settings) };
  }
});
afterEach(async () => {
  for (const { key } of Object.values(keys)) await key.stop();
  await vouch(laptop.env, "logout");
  for (const env of others.splice(0)) await vouch(env, "agent", "stop");
  await ended(laptop.run([executable, "server", "revoke", person.email, "--credentials", ...database()]));
});

const database = () => ["--database", `sqlite:${join(laptop.folder, "server.db")}`];

/** A laptop that knows nothing yet, with an agent of its own. */
function anotherLaptop(): Record<string, string> {
  const home = mkdtempSync(join(laptop.folder, "home-"));
  const env = {
    ...laptop.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    VOUCH_RUNTIME_DIR: join(home, "run"),
  };
  others.push(env);
  return env;
}

/** What the settings of a laptop know of the server. */
const knownServer = (env: Record<string, string>) =>
  JSON.parse(readFileSync(join(env["XDG_CONFIG_HOME"]!, "vouch/config.json"), "utf8")).server;

async function vouch(env: Record<string, string>, ...args: string[]) {
  return await laptop.run([sandboxExecutable, ...args], { env });
}

async function newCode(): Promise<string> {
  const invite = [executable, "server", "invite", person.email, ...database(), "--json"];
  return (JSON.parse(await ended(laptop.run(invite))) as { code: string }).code;
}

/** A command on the terminal, with this key plugged in. */
function at(env: Record<string, string>, key: string, args: string[], script: (person: Person) => Promise<void>) {
  const own = { ...env, NO_COLOR: "1", VOUCH_SANDBOX_KEY: keys[key]!.socket };
  return runInTerminal([sandboxExecutable, ...args], { cwd: env["HOME"]!, env: own }, script);
}

async function typePin({ see, type }: Person): Promise<void> {
  await see("PIN of your security key");
  type(`${person.pin}\r`);
}

async function typeCodeAndPin(code: string, person: Person): Promise<void> {
  await person.see("Enrolment code");
  person.type(`${code}\r`);
  await typePin(person);
}

const enrollWith =
  (key: string, ...flags: string[]) =>
  async (code: string, env = laptop.env) =>
    at(env, key, ["enroll", "--server", serverUrl, ...flags], (someone) => typeCodeAndPin(code, someone));

const login = (key: string, env = laptop.env, ...flags: string[]) => at(env, key, ["login", ...flags], typePin);

const add = (key: string, ...flags: string[]) =>
  at(laptop.env, key, ["keys", "add", ...flags], async (someone) => {
    await someone.see("press Enter: ");
    someone.type("\r");
    await typePin(someone);
  });

const remove = (name: string, answer: string, ...flags: string[]) =>
  at(laptop.env, "work", ["keys", "remove", name, ...flags], async ({ see, type }) => {
    await see("[y/N] ");
    type(`${answer}\r`);
  });

async function list(env = laptop.env): Promise<Shown[]> {
  return JSON.parse(await ended(vouch(env, "keys", "list", "--json"))) as Shown[];
}

/** Enrolled with the key "work" and logged in with it. */
async function start(): Promise<void> {
  expect((await enrollWith("work", "--name", "work")(await newCode())).exitCode).toBe(0);
  expect((await login("work")).exitCode).toBe(0);
}

/** Keys are listed in the order of the seconds in which they were enrolled. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await Bun.sleep(20);
}

/** And with a second key. */
async function startWithTwo(): Promise<void> {
  await start();
  await nextSecond();
  expect((await add("drawer", "--name", "drawer")).exitCode).toBe(0);
}

/** Expects the lines that the manual shows, in their order. Times and ids are those of the manual. */
function expectShown(text: string, state: string, ids: string[] = []): void {
  const examples = ["x7Gh2KpQ", "Vb3nR0aL"];
  let rest = text
    .replaceAll(/\d{4}-\d\d-\d\d(?= )/g, "2026-11-24")
    .replaceAll(/(?<=until )(?:2026-11-24 )?\d\d:\d\d/g, "17:12")
    .replaceAll(/(?<= {2})\d\d:\d\d(?= {2})/g, "09:12");
  for (const [index, id] of ids.entries()) rest = rest.replaceAll(id.slice(0, 8), examples[index]!);
  for (const line of documentedLines("security-keys.md", state)) {
    expect(rest).toContain(line);
    rest = rest.slice(rest.indexOf(line) + line.length);
  }
}

function expectEnd(run: TerminalRun, exitCode: number): void {
  expect({ exitCode: run.exitCode, restored: run.restored, screen: run.screen }).toMatchObject({
    exitCode,
    restored: true,
  });
}

describe("listing", () => {
  test("two keys", async () => {
    await startWithTwo();
    const { exitCode, stdout, stderr } = await vouch(laptop.env, "keys", "list");
    const shown = await list();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expectShown(
      stdout,
      "`vouch keys list`",
      shown.map(({ id }) => id),
    );
    expect(Object.keys(shown[0]!)).toEqual([
      "id",
      "name",
      "model",
      "aaguid",
      "product",
      "createdAt",
      "lastUsedAt",
      "transports",
      "backupEligible",
      "backedUp",
      "thisSession",
    ]);
    expect(shown).toMatchObject([
      { name: "work", model: "YubiKey 5 Series with NFC", product: "Software Security Key", thisSession: true },
      { name: "drawer", model: "Software Security Key", lastUsedAt: null, thisSession: false },
    ]);
  });

  test("one key, with the advice to have two", async () => {
    await start();
    const { stdout, stderr } = await vouch(laptop.env, "keys", "list");
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
    expectShown(stderr, "`vouch keys list`, only one key");
  });

  test.each<[string, string[]]>([
    ["list", []],
    ["add", []],
    ["rename", ["a", "b"]],
    ["remove", ["a", "--yes"]],
  ])("without a session: %s", async (command, more) => {
    const args = [command, ...more];
    await laptop.startAgent().catch(() => undefined);
    const { exitCode, stdout, stderr } = await vouch(laptop.env, "keys", ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toStartWith("error: Not logged in");
    expect(stderr).toEndWith("hint: Run `vouch login`.\n");
    await start();
    await vouch(laptop.env, "logout");
    expectShown((await vouch(laptop.env, "keys", ...args)).stderr, "`vouch keys` without a session");
  });
});

describe("adding", () => {
  test("a second key, which then opens a session; settings and list know it", async () => {
    await start();
    await nextSecond();
    const added = await add("drawer", "--name", "drawer");
    expectEnd(added, 0);
    expectShown(added.screen, "`vouch keys add`");
    expectEnd(await login("drawer"), 0);
    const shown = await list();
    expect(shown.map(({ thisSession }) => thisSession)).toEqual([false, true]);
    const { url, user, credentialIds } = knownServer(laptop.env);
    expect({ url, user }).toEqual({ url: serverUrl, user: person.email });
    for (const { id } of shown) expect(credentialIds).toContain(id);
  });

  test("without a name: its model, numbered", async () => {
    expectEnd(await enrollWith("work")(await newCode()), 0);
    expectEnd(await login("work"), 0);
    await nextSecond();
    expectEnd(await add("drawer"), 0);
    expect((await list()).map(({ name }) => name)).toEqual(["YubiKey 5 Series with NFC", "Software Security Key"]);
  });

  test("a key that is enrolled already is not a new one", async () => {
    await start();
    const refused = await add("work");
    expectEnd(refused, 5);
    expectShown(refused.screen, "`vouch keys add`, the key is enrolled already");
    expect(await list()).toHaveLength(1);
  });

  test("a name that is taken is refused", async () => {
    await start();
    const refused = await add("drawer", "--name", "work");
    expectEnd(refused, 1);
    expectShown(refused.screen, "`vouch keys add`, the name is taken");
    expect(await list()).toHaveLength(1);
  });

  test("Ctrl-C before the new key is plugged in changes nothing", async () => {
    await start();
    const cancelled = await at(laptop.env, "drawer", ["keys", "add"], async ({ see, type }) => {
      await see("press Enter: ");
      type("\x03");
    });
    expectEnd(cancelled, 130);
    expect(await list()).toHaveLength(1);
  });

  test("the session that ends in between adds nothing", async () => {
    await start();
    const late = await at(laptop.env, "drawer", ["keys", "add"], async (someone) => {
      await someone.see("press Enter: ");
      await ended(vouch(laptop.env, "logout"));
      someone.type("\r");
      await typePin(someone);
    });
    expectEnd(late, 4);
    expectEnd(await login("work"), 0);
    expect(await list()).toHaveLength(1);
  });

  test("a second code of the same person adds a key, too", async () => {
    await start();
    await nextSecond();
    expectEnd(await enrollWith("drawer", "--name", "drawer")(await newCode()), 0);
    expect((await list()).map(({ name }) => name)).toEqual(["work", "drawer"]);
  });
});

test.each(["", "x".repeat(65), "a\nb", "\u001b[2J"])("no key is called %j", async (name) => {
  for (const args of [
    ["keys", "add", `--name=${name}`],
    ["keys", "rename", "work", name],
    ["enroll", "--server", serverUrl, `--name=${name}`],
  ]) {
    const { exitCode, stdout, stderr } = await vouch(laptop.env, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).not.toContain("\u001b");
    expect(stderr.split("\n").length).toBeLessThanOrEqual(3);
  }
});

test("renaming, by the name and by the beginning of the id", async () => {
  await start();
  const renamed = await vouch(laptop.env, "keys", "rename", "work", "pocket");
  expect(renamed).toMatchObject({ exitCode: 0, stdout: "" });
  expectShown(renamed.stderr, "`vouch keys rename`");
  const [{ id } = { id: "" }] = await list();
  expect((await vouch(laptop.env, "keys", "rename", "--", id.slice(0, 12), "Schlüssel 🔑")).exitCode).toBe(0);
  expect((await list())[0]?.name).toBe("Schlüssel 🔑");
  expect((await vouch(laptop.env, "keys", "list")).stdout).toContain("Schlüssel 🔑  YubiKey 5");
});

describe("removing", () => {
  test("asks; no is the answer when nothing is typed", async () => {
    await startWithTwo();
    const [work, drawer] = (await list()) as [Shown, Shown];
    const kept = await remove("drawer", "");
    expectEnd(kept, 130);
    expectShown(kept.screen, "`vouch keys remove`, the answer is no");
    expect(await list()).toHaveLength(2);
    const removed = await remove("drawer", "y");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove`");
    expect((await list()).map(({ name }) => name)).toEqual(["work"]);
    const { credentialIds } = knownServer(laptop.env);
    expect(credentialIds).toContain(work.id);
    expect(credentialIds).not.toContain(drawer.id);
    expect((await vouch(laptop.env, "keys", "remove", "drawer", "--yes")).exitCode).toBe(1);
    const refused = await login("drawer");
    expectEnd(refused, 5);
    expectShown(refused.screen, "`vouch login`, the key was removed");
  });

  test("a stolen key's session on another machine ends", async () => {
    await startWithTwo();
    const second = anotherLaptop();
    expectEnd(await login("drawer", second, "--server", serverUrl), 0);
    expect(await list(second)).toHaveLength(2);
    const removed = await vouch(laptop.env, "keys", "remove", "drawer", "--yes");
    expect(removed).toMatchObject({ exitCode: 0, stdout: "" });
    expect(removed.stderr).toContain("Another session that it opened ended, too.");
    const after = await vouch(second, "keys", "list");
    expect(after.exitCode).toBe(4);
    expect((await vouch(second, "status")).stdout).toStartWith("Not logged in: the server has ended the session");
    expect(await list()).toHaveLength(1);
  });

  test("the key that opened this session ends it", async () => {
    await startWithTwo();
    const removed = await remove("work", "yes");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove`, the key opened this session");
    expect((await vouch(laptop.env, "status")).exitCode).toBe(4);
    expectEnd(await login("drawer"), 0);
  });

  test("the only key stays without --force; with it, only a new code lets the person in", async () => {
    await start();
    const kept = await vouch(laptop.env, "keys", "remove", "work", "--yes");
    expect(kept).toMatchObject({ exitCode: 5, stdout: "" });
    expectShown(kept.stderr, "`vouch keys remove`, the only key");
    const removed = await remove("work", "y", "--force");
    expectEnd(removed, 0);
    expectShown(removed.screen, "`vouch keys remove --force`, the only key");
    expect((await login("work")).exitCode).toBe(5);
    expectEnd(await enrollWith("work", "--name", "work")(await newCode()), 0);
    expect((await list().catch(() => [])).length).toBe(0);
  });

  test("a key that the person does not have; a question that nobody can answer", async () => {
    await startWithTwo();
    const unknown = await vouch(laptop.env, "keys", "remove", "garage");
    expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
    expectShown(unknown.stderr, "`vouch keys remove`, a key that you do not have");
    const unasked = await laptop.run(["setsid", "--wait", sandboxExecutable, "keys", "remove", "drawer"]);
    expect(unasked).toMatchObject({ exitCode: 2, stdout: "" });
    expect(unasked.stderr).toEndWith("hint: Add `--yes` to remove the key without a question.\n");
    expect(await list()).toHaveLength(2);
  });
});

describe("a second laptop", () => {
  test("enrols a key that is enrolled already: it learns the server, the code stays good", async () => {
    await start();
    await nextSecond();
    const second = anotherLaptop();
    const code = await newCode();
    const known = await enrollWith("work")(code, second);
    expectEnd(known, 0);
    const [{ id } = { id: "" }] = await list();
    expect(knownServer(second)).toEqual({ url: serverUrl, user: person.email, credentialIds: [id] });
    expectShown(known.screen, "`vouch enroll`, the key is enrolled already");
    expectEnd(await login("work", second), 0);
    expect((await enrollWith("drawer", "--name", "drawer")(code)).exitCode).toBe(0);
    expect((await list(second)).map(({ name }) => name)).toEqual(["work", "drawer"]);
  });

  test("logs in by the server's URL, which is kept only when that succeeds", async () => {
    await start();
    const second = anotherLaptop();
    const unknown = await vouch(second, "login");
    expect(unknown.exitCode).toBe(1);
    expectShown(unknown.stderr, "`vouch login` on a machine that knows no server");
    expect((await login("drawer", second, "--server", serverUrl)).exitCode).not.toBe(0);
    expect((await vouch(second, "login")).exitCode).toBe(1);
    const loggedIn = await login("work", second, "--server", `${serverUrl}/`);
    expectEnd(loggedIn, 0);
    const [{ id } = { id: "" }] = await list(second);
    expect(knownServer(second)).toEqual({ url: serverUrl, user: person.email, credentialIds: [id] });
    expectShown(loggedIn.screen, "`vouch login --server` on a second machine");
    expectEnd(await login("work", second), 0);
  });
});
