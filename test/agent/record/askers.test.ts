/** Who asks, where the asker ends before its question is answered, and how many programs have asked. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { Programs, ProgramsState } from "../../../src/agent/record/programs.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { lastProcessInfo, processInfo, startTime } from "../../../src/base/process/process-info.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, cargoUrl, until } from "../harness.ts";
import * as v from "valibot";

const program = join(import.meta.dir, "../programs/ask.ts");
const tokenEntries = async () =>
  (await askAgent(routes.record, {})).entries.filter(({ operation }) => operation === "token");

/** A program that asks and ends at once, without waiting for the answer: `asker SOCKET`. */
const hasty = `
import os, socket, sys
body = b'{"url":"${cargoUrl}"}'
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"POST /v1/token HTTP/1.1\\r\\nvouch-protocol: 1\\r\\ncontent-length: %d\\r\\n\\r\\n%s" % (len(body), body))
`;

describe.skipIf(process.platform !== "linux" || !requires("python3"))("an asker that has ended", () => {
  test("is named with its tree while its parent has not noticed", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    using folder = tempFolder();
    const file = join(folder.path, "pid");
    // The parent becomes `sleep`, which never asks for exit codes.
    await using parent = Bun.spawn([
      "sh",
      "-c",
      'python3 -c "$1" "$2" & echo $! > "$3.new"; mv "$3.new" "$3"; exec sleep 600',
      "sh",
      hasty,
      harness.socketPath,
      file,
    ]);
    // The event loop does not turn meanwhile: the connection is accepted when the asker is gone.
    while (!existsSync(file)) Bun.sleepSync(1);
    const pid = Number(readFileSync(file, "utf8"));
    while (lastProcessInfo(pid)?.hasEnded !== true) Bun.sleepSync(1);
    await until(async () => (await tokenEntries()).length > 0);
    const [asker, above] = (await tokenEntries())[0]!.askers;
    expect(asker).toMatchObject({ pid, name: expect.stringMatching(/^python3/) });
    expect(above).toMatchObject({ pid: parent.pid, name: "sleep" });
    parent.kill();
  });

  test("is named by its id when its parent has noticed", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const { pid } = Bun.spawnSync(["python3", "-c", hasty, harness.socketPath]);
    expect(lastProcessInfo(pid)).toBeUndefined();
    await until(async () => (await tokenEntries()).length > 0);
    expect((await tokenEntries())[0]!.askers).toEqual([{ pid, name: "(ended)", startedAt: "" }]);
  });
});

test("a process began when its start time says", () => {
  const before = Date.now() - process.uptime() * 1000;
  // Hundredths of a second, and the runtime's own beginning is later than the process's.
  expect(Math.abs(startTime(processInfo(process.pid)!.startedAt) - before)).toBeLessThan(60_000);
});

test("the beginning of a process is a time", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await harness.token();
  const [asker] = (await tokenEntries())[0]!.askers;
  expect(asker!.startedAt).toBe(new Date(startTime(processInfo(process.pid)!.startedAt)).toISOString());
});

describe("the programs that have asked", () => {
  const ask = async (route: string, body: object, options: { detached?: boolean } = {}) => {
    await Bun.spawn([process.execPath, program, route, JSON.stringify(body)], { env: process.env, ...options }).exited;
  };
  const asked = async () => (await askAgent(routes.status)).askedToday!;

  test("are those that ask for tokens, not Vouch's own commands", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    expect(await asked()).toBe(0);
    await ask(routes.token, { url: cargoUrl });
    expect(await asked()).toBe(1);
    await ask(routes.logout, {});
    expect(await asked()).toBe(1);
  });

  test("two helpers of one program are one", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await ask(routes.token, { url: cargoUrl });
    const before = await asked();
    await ask(routes.token, { url: cargoUrl });
    expect(await asked()).toBe(before);
    expect(await tokenEntries()).toMatchObject([{ count: 2 }]);
  });

  test("two runs of a program that its shim becomes are two", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const before = await asked();
    for (let times = 0; times < 2; times++) await ask(routes.environment, { format: "npm" });
    expect((await asked()) - before).toBe(2);
  });

  test("two runs of a command of a shell are two", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const before = await asked();
    for (let times = 0; times < 2; times++) await ask(routes.token, { url: cargoUrl }, { detached: true });
    expect((await asked()) - before).toBe(2);
    expect(await tokenEntries()).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  test("are handed to another process of the agent", () => {
    const programs = new Programs();
    const midnight = new Date("2026-11-28T00:00:00").getTime() / 1000;
    for (let number = 0; number < 3_000; number++) programs.add(`${number} 1`, midnight - 2_990 + number);
    const { state } = programs;
    const next = new Programs(v.parse(ProgramsState, JSON.parse(JSON.stringify(state))));
    expect(next.today((midnight + 3_600) * 1000)).toBe(10);
    expect(next.today((midnight - 3_600) * 1000)).toBe(2_000);
    expect(JSON.stringify(state).length).toBeLessThan(100_000);
  });
});
