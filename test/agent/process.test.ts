/** The agent as a process of its own: who wins, what is left behind, what the other side is told. */
import { afterEach, beforeEach, expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import { takeLock } from "../../src/agent/process/lock.ts";
import { ensureAgent } from "../../src/agent/process/start.ts";
import { requires } from "../requires.ts";
import { until } from "./harness.ts";
import { rejection } from "../rejection.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const module = JSON.stringify(join(import.meta.dir, "../../src/agent/process/daemon.ts"));
const script = `process.exitCode = await (await import(${module})).runAgent({ watchIntervalMs: 20 })`;
const command = [process.execPath, "-e", script];
const status = () => askAgent(routes.status);

let root: string;
let socketPath: string;
beforeEach(() => {
  root = tempFolderUntil(onTestFinished, "/tmp");
  process.env["VOUCH_RUNTIME_DIR"] = join(root, "agent");
  process.env["XDG_STATE_HOME"] = join(root, "state");
  socketPath = join(root, "agent/agent.sock");
});
afterEach(async () => {
  // Where the test has left an agent running.
  await askAgent(routes.stop).catch(() => undefined);
  await until(() => !existsSync(socketPath));
  delete process.env["VOUCH_RUNTIME_DIR"];
  delete process.env["XDG_STATE_HOME"];
});

function start() {
  return Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"], env: process.env });
}

async function started() {
  const agent = start();
  await until(async () => (await status().catch(() => undefined))?.pid === agent.pid);
  return agent;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("ensureAgent starts an agent that outlives the starter's session, and does nothing when one runs", async () => {
  expect(await ensureAgent({ command })).toEqual({ isNew: true });
  const { pid } = await status();
  expect(await ensureAgent({ command: ["/bin/false"] })).toEqual({ isNew: false });
  expect((await status()).pid).toBe(pid);
  if (process.platform !== "linux") return;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  // proc_pid_stat(5): the session id is the fourth field after the name.
  expect(Number(fields[3])).toBe(pid);
});

test("periodic work of the agent is done at every interval, without a request", async () => {
  const agentModule = JSON.stringify(join(import.meta.dir, "../../src/agent/agent.ts"));
  const times = join(root, "times");
  const counting = `
    const { Agent } = await import(${agentModule});
    let count = 0;
    Agent.prototype.watch = () => require("node:fs").writeFileSync(${JSON.stringify(times)}, String(++count));
    ${script}`;
  await ensureAgent({ command: [process.execPath, "-e", counting] });
  await until(() => existsSync(times) && Number(readFileSync(times, "utf8")) >= 3);
});

test("of several agents started at once one remains, and the others end quietly with 0", async () => {
  const agents = Array.from({ length: 4 }, start);
  await until(async () => (await status().catch(() => undefined)) !== undefined);
  const { pid } = await status();
  const losers = agents.filter((agent) => agent.pid !== pid);
  expect(losers).toHaveLength(3);
  for (const loser of losers) {
    expect(await loser.exited).toBe(0);
    expect(await new Response(loser.stderr).text()).toBe("vouch agent: another agent is running\n");
  }
  expect((await status()).pid).toBe(pid);
});

test("several calls of ensureAgent at once end with one agent that answers", async () => {
  const pids = join(root, "pids");
  const recorded = ["/bin/sh", "-c", `echo $$ >> ${pids}; exec "$@"`, "sh", ...command];
  await Promise.all(Array.from({ length: 3 }, () => ensureAgent({ command: recorded })));
  const { pid } = await status();
  const recordedPids = () => readFileSync(pids, "utf8").trim().split("\n").map(Number);
  await until(() => recordedPids().length === 3 && recordedPids().every((each) => each === pid || !isAlive(each)));
  expect((await status()).pid).toBe(pid);
});

test("while a process that is no agent holds the lock, one agent is started in vain, and the error names the process", async () => {
  mkdirSync(join(root, "agent"), { mode: 0o700 });
  const lock = join(root, "agent/agent.lock");
  const lockModule = JSON.stringify(join(import.meta.dir, "../../src/agent/process/lock.ts"));
  const holding = `(await import(${lockModule})).takeLock(${JSON.stringify(lock)}); console.log("held"); await Bun.stdin.text();`;
  await using holder = Bun.spawn([process.execPath, "-e", holding], { stdin: "pipe", stdout: "pipe" });
  await holder.stdout.getReader().read();
  const starts = join(root, "starts");
  const recorded = ["/bin/sh", "-c", `echo $$ >> ${starts}; exec "$@"`, "sh", ...command];
  const failure = await rejection(ensureAgent({ command: recorded, timeoutMs: 3_000 }));
  expect(failure.code).toBe("agent_unavailable");
  expect(failure.message).toContain(lock);
  if (process.platform === "linux") {
    expect(failure.message).toContain(`process ${holder.pid} (`);
    expect(failure.hint).toContain(`\`kill ${holder.pid}\``);
  }
  expect(readFileSync(starts, "utf8").trim().split("\n")).toHaveLength(1);
});

test("once the lock's holder has gone, a login that waits for it has its agent", async () => {
  mkdirSync(join(root, "agent"), { mode: 0o700 });
  const release = takeLock(join(root, "agent/agent.lock"));
  const starts = join(root, "starts");
  const recorded = ["/bin/sh", "-c", `"$@"; echo ended >> ${starts}`, "sh", ...command];
  const waiting = ensureAgent({ command: recorded, timeoutMs: 60_000 });
  await until(() => existsSync(starts));
  release?.();
  await waiting;
  expect(await status()).toHaveProperty("pid");
});

test("an agent that was killed leaves a message and a socket that the next replaces", async () => {
  const killed = await started();
  killed.kill(9);
  await killed.exited;
  expect(existsSync(socketPath)).toBe(true);
  const failure = await rejection(status());
  expect(failure).toMatchObject({ code: "login_needed", hint: "Run `vouch login`." });
  expect(failure.message).toBe("Not logged in: the Vouch agent is not running.");
  await ensureAgent({ command });
  expect((await status()).pid).not.toBe(killed.pid);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s ends the agent with 0 and removes the socket",
  async (signal) => {
    const agent = await started();
    agent.kill(signal);
    expect(await agent.exited).toBe(0);
    expect(existsSync(socketPath)).toBe(false);
  },
);

test("vouch agent stop ends the agent with 0", async () => {
  const agent = await started();
  await askAgent(routes.stop);
  expect(await agent.exited).toBe(0);
  expect(await new Response(agent.stderr).text()).toMatch(
    /^vouch agent: listening on \S+agent\.sock, process \d+\nvouch agent: stopping: it was asked to\n$/,
  );
});

test("once a stop is answered, the next agent can start at once", async () => {
  const first = await started();
  await askAgent(routes.stop);
  const second = start();
  await until(async () => (await status().catch(() => undefined))?.pid === second.pid);
  expect(await first.exited).toBe(0);
  expect((await status()).pid).toBe(second.pid);
});

test("an agent whose socket was removed ends, and leaves its successor's alone", async () => {
  const first = await started();
  rmSync(socketPath);
  rmSync(join(root, "agent/agent.lock"));
  const second = await started();
  expect(await first.exited).toBe(0);
  expect((await status()).pid).toBe(second.pid);
});

test("settings that cannot be read are reported to the caller, and do not end the agent", async () => {
  const config = join(root, "config");
  mkdirSync(join(config, "vouch"), { recursive: true });
  writeFileSync(join(config, "vouch/config.json"), "{");
  process.env["XDG_CONFIG_HOME"] = config;
  start();
  delete process.env["XDG_CONFIG_HOME"];
  await until(async () => (await status().catch(() => undefined))?.settingsFailure?.code === "settings_invalid");
  expect((await rejection(askAgent(routes.environment, {}))).code).toBe("settings_invalid");
  writeFileSync(join(config, "vouch/config.json"), '{"version":1}');
  const { repositories, settingsFailure } = await status();
  expect({ repositories, settingsFailure }).toEqual({ repositories: [], settingsFailure: undefined });
});

test("the agent writes nothing that others could read", async () => {
  await started();
  expect(statSync(join(root, "agent")).mode & 0o777).toBe(0o700);
  expect(statSync(socketPath).mode & 0o077).toBe(0);
});

test("in a folder that others can enter the agent does not start, and ensureAgent says so", async () => {
  mkdirSync(join(root, "agent"));
  chmodSync(join(root, "agent"), 0o755);
  expect((await rejection(ensureAgent({ command }))).code).toBe("agent_untrusted");
  const agent = start();
  expect(await agent.exited).not.toBe(0);
});

test("an agent that does not come up is reported with the reason", async () => {
  const failure = await rejection(ensureAgent({ command: ["/bin/sh", "-c", "exit 3"] }));
  expect(failure).toMatchObject({ code: "agent_unavailable", hint: "Run `vouch agent run` to see why." });
  expect(failure.message).toContain("exit code 3");
  expect((await rejection(ensureAgent({ command: ["/bin/true"], timeoutMs: 100 }))).message).toContain(
    "did not answer",
  );
});

const isRoot = process.getuid!() === 0;
/** Root may read everything, so the test runs the agent as nobody then. */
const asUser = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
const testable =
  process.platform === "linux" &&
  (!isRoot || (requires("setpriv") && Bun.spawnSync([...asUser, "test", "-r", import.meta.path]).success));

test.skipIf(!testable)("other processes of the user can neither read nor trace the agent", async () => {
  const folder = join(root, "agent");
  mkdirSync(folder, { mode: 0o700 });
  if (isRoot) {
    chmodSync(root, 0o711);
    chownSync(folder, 65534, 65534);
  }
  const agent = Bun.spawn([...asUser, ...command], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: root },
  });
  await until(() => existsSync(socketPath));
  // With PR_SET_DUMPABLE 0 the files under /proc/PID belong to root.
  expect(statSync(`/proc/${agent.pid}/mem`).uid).toBe(0);
  const reader = Bun.spawnSync([...asUser, "cat", `/proc/${agent.pid}/environ`], { stderr: "pipe" });
  expect(reader.exitCode).not.toBe(0);
  expect(reader.stderr.toString()).toContain("Permission denied");
  expect(readFileSync(`/proc/${agent.pid}/limits`, "utf8")).toMatch(/^Max core file size +0 +0 /m);
  agent.kill();
  expect(await agent.exited).toBe(0);
});

test("no agent is started in a guest's folder, where that of another machine listens, and nothing in it is touched", async () => {
  mkdirSync(join(root, "agent"), { mode: 0o700 });
  for (const name of ["guest.lock", "agent.sock"]) writeFileSync(join(root, "agent", name), "");
  const agent = start();
  expect(await agent.exited).not.toBe(0);
  expect(readdirSync(join(root, "agent")).toSorted()).toEqual(["agent.sock", "guest.lock"]);
  rmSync(join(root, "agent/agent.sock"));
  const failure = await rejection(ensureAgent({ command: ["/bin/false"] }));
  expect(failure).toMatchObject({ code: "access_denied", hint: expect.stringContaining("Log in there") });
  expect(readdirSync(join(root, "agent"))).toEqual(["guest.lock"]);
});
