/** Where the agent's log goes, as a process of its own, and what the other side is told about it. */
import { afterEach, beforeEach, expect, onTestFinished, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ensureAgent } from "../../../src/agent/process/start.ts";
import { routes, type StatusReply } from "../../../src/agent/protocol.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { requires } from "../../requires.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { until } from "../harness.ts";

const module = JSON.stringify(join(import.meta.dir, "../../../src/agent/process/daemon.ts"));
const run = `process.exitCode = await (await import(${module})).runAgent({ watchIntervalMs: 20 })`;
const command = [process.execPath, "-e", run];
const status = () => askAgent(routes.status);

let root: string;
let path: string;
const before = { ...process.env };
beforeEach(() => {
  root = tempFolderUntil(onTestFinished, "/tmp");
  path = join(root, "state/vouch/agent.log");
  process.env["VOUCH_RUNTIME_DIR"] = join(root, "agent");
  process.env["XDG_STATE_HOME"] = join(root, "state");
});
afterEach(async () => {
  await askAgent(routes.stop).catch(() => undefined);
  await until(() => !existsSync(join(root, "agent/agent.sock")));
  for (const name of ["VOUCH_RUNTIME_DIR", "XDG_STATE_HOME", "HOME", "JOURNAL_STREAM", "VOUCH_DEBUG"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

test("an agent in the background logs to the file, also where its starter logs to the journal", async () => {
  process.env["JOURNAL_STREAM"] = "8:12345";
  await ensureAgent({ command });
  const { pid, log } = await status();
  expect(log).toEqual({ path });
  await askAgent(routes.stop);
  await until(() => readFileSync(path, "utf8").includes("stopping"));
  expect(readFileSync(path, "utf8")).toMatch(
    new RegExp(
      `^\\S+Z vouch agent ${pid}: listening on \\S+, process ${pid}\n\\S+Z vouch agent ${pid}: stopping: .*\n$`,
    ),
  );
  expect(statSync(path).mode & 0o7777).toBe(0o600);
});

test("an agent whose stderr is read by somebody logs there", async () => {
  const agent = Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"], env: process.env });
  await until(async () => (await status().catch(() => undefined)) !== undefined);
  expect((await status()).log).toBeUndefined();
  await askAgent(routes.stop);
  expect(await new Response(agent.stderr).text()).toStartWith("vouch agent: listening on ");
  expect(existsSync(path)).toBe(false);
});

/** What is prepared, and what the agent then says of its log. */
const without: [string, () => void, StatusReply["log"] | (() => StatusReply["log"])][] = [
  [
    "a link in the file's place",
    () => {
      mkdirSync(join(root, "state/vouch"), { recursive: true, mode: 0o700 });
      symlinkSync(join(root, "elsewhere"), path);
    },
    () => ({ path, failure: "it is a symbolic link" }),
  ],
  [
    "a state folder that cannot be made",
    () => (process.env["XDG_STATE_HOME"] = "/proc/nothing"),
    { path: "/proc/nothing/vouch/agent.log", failure: expect.any(String) as unknown as string },
  ],
  [
    "no HOME",
    () => {
      delete process.env["XDG_STATE_HOME"];
      delete process.env["HOME"];
    },
    { failure: "neither XDG_STATE_HOME nor HOME names a folder of yours" },
  ],
];

test.each(without)("an agent goes on without a log, and says so: %s", async (_, prepare, expected) => {
  prepare();
  await ensureAgent({ command });
  expect((await status()).log).toEqual(typeof expected === "function" ? expected() : expected!);
  expect(existsSync(join(root, "elsewhere"))).toBe(false);
});

test.skipIf(!requires("sh"))("an agent goes on where no file may grow any more", async () => {
  process.env["VOUCH_DEBUG"] = "1";
  // In blocks of 512 or 1024 bytes.
  await ensureAgent({ command: ["/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", ...command] });
  const { pid } = await status();
  await until(async () => (await status()).log?.failure !== undefined);
  expect(await status()).toMatchObject({
    pid,
    log: { failure: "a limit on the size of files is reached (`ulimit -f`)" },
  });
});

test("what ends an agent before it listens is in the log, and the error names the log", async () => {
  mkdirSync(join(root, "agent/agent.lock"), { recursive: true, mode: 0o700 });
  const failure = await rejection(ensureAgent({ command }));
  expect(failure.message).toContain("was started but ended with exit code 1");
  const hint = `Run \`vouch agent run\` to see why. The agent's log is ${path}.`;
  expect(failure).toMatchObject({ code: "agent_unavailable", hint });
  expect(readFileSync(path, "utf8")).toMatch(/: cannot run: EISDIR/);
});

test("an uncaught fault of the agent is in the log", async () => {
  const faulty = `process.on("SIGUSR2", () => { throw new Error("a fault") }); ${run}`;
  await ensureAgent({ command: [process.execPath, "-e", faulty] });
  process.kill((await status()).pid, "SIGUSR2");
  await until(() => readFileSync(path, "utf8").includes(": ended by a fault: Error: a fault"));
  await until(async () => (await status().catch(() => undefined)) === undefined);
  rmSync(join(root, "agent/agent.sock"), { force: true });
});
