/** After a session has ended no process of ours has a secret in its memory; an agent that hangs can be ended. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import { cargoGet, executable, type Finished, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { type IssuedSecrets, recordIssuedSecrets } from "./issued-secrets.ts";

const isRoot = process.platform === "linux" && process.getuid!() === 0;
if (!isRoot) console.warn("SKIPPED: only root may read the memory of a process that nobody may trace");

let laptop: Laptop;
let issued: IssuedSecrets;
beforeAll(async () => {
  laptop = await startLaptop();
  issued = recordIssuedSecrets(laptop);
  await laptop.stopServer();
  await laptop.startServer();
  await laptop.getReady("--registry-name", registryName);
});
afterAll(async () => {
  await laptop?.stop();
  await issued?.stop();
});

async function agent() {
  const { stdout } = await laptop.vouch("agent", "status", "--json");
  const answer = JSON.parse(stdout) as { running: boolean } & { pid: number; ended?: string };
  return answer.running ? answer : null;
}

/** How often each text is in what the process may write to. */
function occurrences(pid: number, texts: readonly string[]): number[] {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const counts = texts.map(() => 0);
  const longest = Math.max(...texts.map(({ length }) => length));
  // Most of what the runtime reserves is not there.
  const mappings = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  for (const mapping of mappings) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(mapping) ?? [];
    if (/^Rss:\s+0 kB$/m.test(mapping)) continue;
    if (start === undefined || end === undefined) continue;
    const [first, last] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    for (let at = first; at < last; at += 1 << 20) {
      const chunk = Buffer.alloc(Math.min(last - at, (1 << 20) + longest));
      try {
        const read = chunk.subarray(0, readSync(memory, chunk, 0, chunk.length, at));
        for (const [index, text] of texts.entries()) {
          for (let found = read.indexOf(text); found >= 0; found = read.indexOf(text, found + 1)) counts[index]!++;
        }
      } catch {
        // Reserved, not there.
      }
    }
  }
  closeSync(memory);
  return counts;
}

/** The processes of the executable on this laptop, its Vouch server left out. */
function ownProcesses(): string[] {
  const own = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!environment.includes(`VOUCH_RUNTIME_DIR=${laptop.env["VOUCH_RUNTIME_DIR"]}\0`)) continue;
      if (!command.includes(" server run ")) own.push(command);
    } catch {
      // It has ended.
    }
  }
  return own;
}

async function cargoToken(): Promise<string> {
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  return /"token":"([^"]+)"/.exec(stdout)?.[1] ?? "";
}

describe.skipIf(!isRoot)("no secret of a session is in the agent's memory", () => {
  test("after logout", async () => {
    const token = await cargoToken();
    const { pid } = (await agent())!;
    expect(token).toContain("vouch-sandbox-token");
    const { accessTokens, idTokens, awsSecrets } = issued;
    // Of a signed token the signature: its head and payload are in encoded forms too.
    const secrets = [token, ...awsSecrets, ...accessTokens, ...idTokens.map((text) => text.split(".")[2]!)];
    expect([accessTokens.length, idTokens.length, awsSecrets.length].every((count) => count > 0)).toBe(true);
    expect(occurrences(pid, [token, ...accessTokens, ...awsSecrets])).not.toContain(0);
    expect((await laptop.vouch("logout")).exitCode).toBe(0);
    expect(await agent()).toMatchObject({ pid, ended: "logged_out" });
    expect(occurrences(pid, [...secrets, "vouch-sandbox-token"]).filter(Boolean)).toEqual([]);
    await laptop.login();
    expect(await agent()).toMatchObject({ pid });
  });

  test("after the session's end by the clock", async () => {
    await laptop.vouch("logout");
    const before = issued.accessTokens.length;
    await laptop.stopServer();
    await laptop.startServer("--session-duration", "40s");
    await laptop.login();
    const { pid } = (await agent())!;
    const secrets = issued.accessTokens.slice(before);
    expect(secrets).toHaveLength(1);
    expect(occurrences(pid, secrets)).not.toContain(0);
    while ((await agent())?.ended !== "expired") await Bun.sleep(250);
    // The ask that found it ended was the old process's last.
    await until(async () => (await agent())?.pid === pid);
    expect(occurrences(pid, secrets)).toEqual([0]);
    await laptop.stopServer();
    await laptop.startServer();
    await laptop.login();
  });
});

/** What the process has in memory, in MiB. */
function residentMemory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

test("requests that are never completed are dropped from memory after a while", async () => {
  const { pid } = (await agent())!;
  const path = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock");
  const head = "POST /v1/token HTTP/1.1\r\nvouch-protocol: 1\r\ncontent-length: 1000000\r\n\r\n";
  const before = residentMemory(pid);
  const sockets = Array.from({ length: 300 }, () => {
    const socket = connect(path, () => socket.write(head + "x".repeat(512 << 10)));
    socket.on("error", () => {});
    return socket;
  });
  await until(() => sockets.filter(({ destroyed }) => destroyed).length > 200);
  expect(residentMemory(pid)).toBeLessThan(160);
  for (const socket of sockets) socket.destroy();
  // The runtime gives back in its own time; the limit is the test's.
  while (residentMemory(pid) > before + 10) await Bun.sleep(50);
  expect((await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() })).stdout).toContain(
    "vouch-sandbox-token",
  );
});

test("helpers that ask while the agent replaces itself get a token or the hint to log in", async () => {
  const answers: Finished[] = [];
  let loggedOut: Promise<Finished> | undefined;
  async function askAgain(): Promise<void> {
    for (let count = 0; count < 50; count++) {
      answers.push(await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() }));
      if (answers.length >= 40) loggedOut ??= laptop.vouch("logout");
    }
  }
  await Promise.all([askAgain(), askAgain(), askAgain(), askAgain()]);
  expect(await loggedOut).toMatchObject({ exitCode: 0 });
  const kinds = answers.map(({ exitCode, stdout, stderr }) => {
    const lines = stdout.trimEnd().split("\n");
    const { Ok: ok, Err: error } = JSON.parse(lines[1]!) as { Ok?: object; Err?: { message: string } };
    return { exitCode, stderr, lines: lines.length, says: ok ? "a token" : error!.message.replace(/[:.].*$/, "") };
  });
  const fine = (says: string) => ({ exitCode: 0, stderr: "", lines: 2, says });
  expect(kinds.filter(({ says }) => says === "a token")).toContainEqual(fine("a token"));
  expect(kinds.at(-1)).toEqual(fine("Not logged in"));
  for (const kind of kinds) expect([fine("a token"), fine("Not logged in")]).toContainEqual(kind);
  await laptop.login();
});

test.skipIf(process.platform !== "linux")(
  "after `vouch agent stop` no process of ours is left",
  async () => {
    expect(await cargoToken()).not.toBe("");
    expect(ownProcesses()).toEqual([expect.stringContaining("agent run")]);
    expect((await laptop.vouch("agent", "stop")).exitCode).toBe(0);
    expect(ownProcesses()).toEqual([]);
    await laptop.login();
  },
  60_000,
);

test("`vouch agent stop` ends an agent that hangs", async () => {
  const { pid } = (await agent())!;
  process.kill(pid, "SIGSTOP");
  const { exitCode, stderr } = await laptop.vouch("agent", "stop");
  expect(stderr).toContain(`process ${pid}`);
  expect(exitCode).toBe(0);
  expect(await agent()).toBeNull();
});
