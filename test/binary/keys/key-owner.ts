/**
 * A person with two security keys, "work" (by its AAGUID a YubiKey) and "drawer" (of no known model), and several
 * laptops: what they do at the terminal with the compiled executables.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { documentedLines } from "../../docs/states.ts";
import { ended, executable, type Laptop, person, sandboxExecutable, serverUrl, startLaptop } from "../../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../../pty.ts";

const yubiKey = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");

/** A key in `vouch keys list --json`. */
export interface Shown {
  id: string;
  name: string;
  model: string;
  thisSession: boolean;
  lastUsedAt: number | null;
}

/** Sets the person up for the tests of this file; each begins with nothing enrolled. */
export function keyOwner() {
  let laptop: Laptop;
  /** The environments of the person's other laptops, whose agents end with each test. */
  const others: Record<string, string>[] = [];
  const keys: Record<string, { key: RunningAuthenticator; socket: string }> = {};

  beforeAll(async () => {
    laptop = await startLaptop();
  });
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
  const knownServer = (env: Record<string, string>) => JSON.parse(readFileSync(settingsOf(env), "utf8")).server;

  async function vouch(env: Record<string, string>, ...args: string[]) {
    return await laptop.run([sandboxExecutable, ...args], { env });
  }

  async function newCode(): Promise<string> {
    const invite = [executable, "server", "invite", person.email, ...database(), "--json"];
    return (JSON.parse(await ended(laptop.run(invite))) as { code: string }).code;
  }

  /** The one USB port of the laptops. */
  const port = () => join(laptop.folder, "port");

  function plugIn(key: string): void {
    rmSync(port(), { force: true });
    symlinkSync(keys[key]!.socket, port());
  }

  /** A command on the terminal, with this key plugged in. */
  function at(env: Record<string, string>, key: string, args: string[], script: (person: Person) => Promise<void>) {
    plugIn(key);
    const own = { ...env, NO_COLOR: "1", VOUCH_SANDBOX_KEY: port() };
    return runInTerminal([sandboxExecutable, ...args], { cwd: env["HOME"]!, env: own }, script);
  }

  const enrollWith =
    (key: string, ...flags: string[]) =>
    async (code: string, env = laptop.env) =>
      at(env, key, ["enroll", "--server", serverUrl, "--key-only", ...flags], (someone) =>
        typeCodeAndPin(code, someone),
      );

  const login = (key: string, env = laptop.env, ...flags: string[]) => at(env, key, ["login", ...flags], typePin);

  const add = (key: string, ...flags: string[]) =>
    at(laptop.env, "work", ["keys", "add", ...flags], async (someone) => {
      await makeNewKey(key, someone);
      await approve("work", someone);
    });

  /** The first half of an addition: this key is the new one. */
  async function makeNewKey(key: string, someone: Person): Promise<void> {
    await someone.see("Plug in the NEW security key and take out the others, then press Enter: ");
    plugIn(key);
    someone.type("\r");
    await typePin(someone);
  }

  /** The second half: this key approves. */
  async function approve(key: string, someone: Person): Promise<void> {
    await someone.see("ENROLLED already and take out the new one, then press Enter: ");
    plugIn(key);
    someone.type("\r");
    await typePin(someone);
  }

  /** An answer that begins with y is followed by the PIN of the key that approves. */
  const remove = (name: string, answer: string, ...flags: string[]) =>
    at(laptop.env, "work", ["keys", "remove", name, ...flags], async (someone) => {
      await someone.see("[y/N] ");
      someone.type(`${answer}\r`);
      if (answer.startsWith("y")) await typePin(someone);
    });

  async function list(env = laptop.env): Promise<Shown[]> {
    return JSON.parse(await ended(vouch(env, "keys", "list", "--json"))) as Shown[];
  }

  /** Enrolled with the key "work" and logged in with it. */
  async function start(): Promise<void> {
    expect((await enrollWith("work", "--name", "work")(await newCode())).exitCode).toBe(0);
    expect((await login("work")).exitCode).toBe(0);
  }

  /** And with a second key. */
  async function startWithTwo(): Promise<void> {
    await start();
    await nextSecond();
    expect((await add("drawer", "--name", "drawer")).exitCode).toBe(0);
  }

  return {
    laptop: {
      get env() {
        return laptop.env;
      },
      run: (command: string[]) => laptop.run(command),
      startAgent: () => laptop.startAgent(),
    },
    anotherLaptop,
    knownServer,
    vouch,
    newCode,
    /** `vouch server` about the person, without its output. */
    administer: async (command: string) => {
      await ended(laptop.run([executable, "server", command, person.email, ...database()]));
    },
    at,
    plugIn,
    keyOf: (name: string) => keys[name]!.key.ctap2,
    enrollWith,
    login,
    makeNewKey,
    approve,
    add,
    remove,
    list,
    start,
    startWithTwo,
  };
}

export async function typePin({ see, type }: Person): Promise<void> {
  await see("PIN of your security key");
  type(`${person.pin}\r`);
}

async function typeCodeAndPin(code: string, someone: Person): Promise<void> {
  await someone.see("Enrolment code");
  someone.type(`${code}\r`);
  await typePin(someone);
}

/** Keys are listed in the order of the seconds in which they were enrolled. */
export async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await Bun.sleep(20);
}

/** The settings file of a laptop. */
export const settingsOf = (env: Record<string, string>) => join(env["XDG_CONFIG_HOME"]!, "vouch/config.json");

/** Expects the lines that the manual shows, in their order. Times and ids are those of the manual. */
export function expectShown(text: string, state: string, ids: string[] = []): void {
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

export function expectEnd(run: TerminalRun, exitCode: number): void {
  expect({ exitCode: run.exitCode, restored: run.restored, screen: run.screen }).toMatchObject({
    exitCode,
    restored: true,
  });
}
