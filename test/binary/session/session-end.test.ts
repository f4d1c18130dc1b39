/** Sessions that end by what the user has chosen, with the executable: its agent is replaced, and says why all the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { protocolVersion, routes } from "../../../src/agent/protocol.ts";
import { until } from "../../agent/harness.ts";
import { cargoGet, executable, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { hasLogind, type Logind, startSystemBus, type SystemBus } from "../../logind/logind.ts";

const limitMs = 60_000;

let laptop: Laptop;
let bus: SystemBus | undefined;
let logind: Logind | undefined;

beforeAll(async () => {
  bus = hasLogind ? await startSystemBus() : undefined;
  logind = await bus?.startLogind();
  laptop = await startLaptop();
  Object.assign(laptop.env, bus?.env);
  // The agent that login starts has a log file.
  await laptop.enroll();
  await laptop.setUpAws();
  await laptop.login();
  await laptop.setUpRepository("--registry-name", registryName);
});
afterAll(async () => {
  await laptop?.vouch("agent", "stop");
  await laptop?.stop();
  await bus?.[Symbol.asyncDispose]();
});

interface Status {
  ended: string | null;
  session: object | null;
  agent: { pid: number } | null;
  endOn: { on: string; failure: string | null }[];
}

async function status(): Promise<Status> {
  return JSON.parse((await laptop.vouch("status", "--json")).stdout) as Status;
}

const cargo = () => laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });

/** How often an agent has begun to listen. */
const begun = () =>
  readFileSync(join(laptop.home, ".local/state/vouch/agent.log"), "utf8").split("listening on").length;

/** What the agent says once its process has been replaced; `before`: how often one had begun before the end. */
async function expectEnded(before: number, ended: string, happening: string): Promise<void> {
  await until(() => begun() === before + 1, limitMs);
  expect((await laptop.vouch("log")).stdout).toContain(`session ended: ${happening}`);
  expect((await status()).ended).toBe(ended);
  expect((await laptop.vouch("status")).stdout).toContain(`Not logged in: the session ended when ${happening}`);
  expect((await cargo()).stdout).toContain(`The session ended when ${happening}.`);
  expect((await laptop.vouch("doctor")).stdout).toContain(`The session ended when ${happening}.`);
}

/** How many sessions the server has, that of a new login included. */
async function serverSessions(): Promise<number> {
  return (JSON.parse((await laptop.vouch("sessions", "list", "--json")).stdout) as object[]).length;
}

test("taking the key out ends the session here and at the server, and plugging it in again changes nothing", async () => {
  expect(await laptop.vouch("setup", "session", "--end-on", "key-removal")).toMatchObject({ exitCode: 0 });
  await laptop.login();
  expect((await cargo()).stdout).toContain("vouch-sandbox-token");
  const { agent, endOn } = await status();
  expect(endOn.map(({ on }) => on)).toEqual(["key-removal"]);
  expect((await laptop.vouch("status")).stdout).toMatch(/^ *Ends on +removal of the security key$/m);
  const key = laptop.env["VOUCH_SANDBOX_KEY"]!;
  const before = begun();
  renameSync(key, `${key}.out`);
  await until(async () => (await status()).session === null, limitMs);
  renameSync(`${key}.out`, key);
  await expectEnded(before, "key_removed", "the security key was taken out");
  expect((await status()).agent?.pid).toBe(agent!.pid);
  await laptop.login();
  expect(await serverSessions()).toBe(1);
});

test("the session of a key that stays is kept while another key goes", async () => {
  const key = laptop.env["VOUCH_SANDBOX_KEY"]!;
  await Bun.write(`${key}.other`, "");
  expect((await status()).endOn).toEqual([{ on: "key-removal", failure: null }]);
  await Bun.file(`${key}.other`).delete();
  expect((await cargo()).stdout).toContain("vouch-sandbox-token");
});

test.skipIf(!hasLogind)(
  "before a sleep the session ends, the agent's process is replaced, and only then the machine sleeps",
  async () => {
    expect(await laptop.vouch("setup", "session", "--end-on", "suspend,lock")).toMatchObject({ exitCode: 0 });
    await laptop.vouch("logout");
    await laptop.login();
    await untilWatched();
    expect((await cargo()).stdout).toContain("vouch-sandbox-token");
    const before = begun();
    await call("Suspend", "b", "false");
    expect(await logind!.line()).toBe("sleeps, 0 delays");
    expect(await inhibitors()).toBe("");
    await expectEnded(before, "suspended", "the machine went to sleep");
    await laptop.login();
    expect(await serverSessions()).toBe(1);
  },
  120_000,
);

test.skipIf(!hasLogind)(
  "a server that hangs, with an answer that waits for it, holds up a sleep no longer than the agent's own limits",
  async () => {
    await laptop.vouch("logout");
    await laptop.login();
    await untilWatched();
    expect(await inhibitors()).toContain("Vouch");
    await cargo();
    const server = laptop.serverPid();
    process.kill(server, "SIGSTOP");
    try {
      using _ = await askInVain();
      const before = begun();
      await call("Suspend", "b", "false");
      expect(await logind!.line()).toBe("sleeps, 0 delays");
      await until(() => begun() === before + 1, limitMs);
    } finally {
      process.kill(server, "SIGCONT");
    }
    expect((await status()).ended).toBe("suspended");
  },
  120_000,
);

test.skipIf(!hasLogind)(
  "the record that is kept has the end once",
  async () => {
    expect((await laptop.vouch("setup", "log", "--keep", "yes")).exitCode).toBe(0);
    await laptop.login();
    await untilWatched();
    const before = begun();
    await call("LockSession", "s", "1");
    await expectEnded(before, "locked", "the screen was locked");
    const rows = (await laptop.vouch("log")).stdout.split("\n").filter((row) => row.includes("the screen was locked"));
    expect(rows).toHaveLength(1);
    expect((await laptop.vouch("setup", "log", "--keep", "no")).exitCode).toBe(0);
  },
  120_000,
);

test.skipIf(!hasLogind)(
  "an agent that is killed holds up no sleep",
  async () => {
    await laptop.login();
    await untilWatched();
    expect(await inhibitors()).toContain("Vouch");
    process.kill((await status()).agent!.pid, "SIGKILL");
    await until(async () => (await inhibitors()) === "", limitMs);
  },
  120_000,
);

/** A question to the agent that waits for the server, and not for a session. */
async function askInVain(): Promise<Disposable> {
  const stop = new AbortController();
  const asked = fetch(`http://agent${routes.loginStart}`, {
    unix: join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock"),
    method: "POST",
    headers: { "vouch-protocol": `${protocolVersion}` },
    body: "{}",
    signal: stop.signal,
  }).catch(() => {});
  const answered = await Promise.race([asked.then(() => true), status().then(() => false)]);
  expect(answered).toBe(false);
  return { [Symbol.dispose]: () => stop.abort() };
}

const untilWatched = () =>
  until(async () => {
    const { endOn, session } = await status();
    return session !== null && endOn.length === 2 && endOn.every(({ failure }) => failure === null);
  });

function call(method: string, ...args: string[]): Promise<string> {
  const manager = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
  return bus!.run("busctl", "call", ...manager, method, ...args);
}

const inhibitors = () => bus!.run("systemd-inhibit", "--list", "--no-legend");
