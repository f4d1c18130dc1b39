/** After a session has ended no process of ours has a secret in its memory; an agent that hangs can be ended. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { until } from "../agent/harness.ts";
import { cargoGet, executable, type Laptop, registryName, startLaptop } from "../laptop.ts";

const isRoot = process.platform === "linux" && process.getuid!() === 0;
if (!isRoot) console.warn("SKIPPED: only root may read the memory of a process that nobody may trace");

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
}, 120_000);
afterAll(async () => laptop?.stop());

async function agent() {
  const { stdout } = await laptop.vouch("agent", "status", "--json");
  return JSON.parse(stdout) as { pid: number; ended?: string } | null;
}

/** How often the text stands in what the process may write to. */
function occurrences(pid: number, text: string): number {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  let count = 0;
  // Most of what the runtime reserves is not there.
  const mappings = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  for (const mapping of mappings) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(mapping) ?? [];
    if (/^Rss:\s+0 kB$/m.test(mapping)) continue;
    if (start === undefined || end === undefined) continue;
    const [first, last] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    for (let at = first; at < last; at += 1 << 20) {
      const chunk = Buffer.alloc(Math.min(last - at, (1 << 20) + text.length));
      try {
        const read = chunk.subarray(0, readSync(memory, chunk, 0, chunk.length, at));
        for (let found = read.indexOf(text); found >= 0; found = read.indexOf(text, found + 1)) count++;
      } catch {
        // Reserved, not there.
      }
    }
  }
  closeSync(memory);
  return count;
}

test.skipIf(!isRoot)(
  "logout leaves neither token nor secret key in the agent's memory",
  async () => {
    const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
    const [, token = ""] = /"token":"([^"]+)"/.exec(stdout) ?? [];
    const { pid } = (await agent())!;
    expect(token).toContain("vouch-sandbox-token");
    expect(occurrences(pid, token)).toBeGreaterThan(0);
    expect((await laptop.vouch("logout")).exitCode).toBe(0);
    const after = await agent();
    expect(after).toMatchObject({ pid, ended: "logged_out" });
    expect(occurrences(pid, "vouch-sandbox-token")).toBe(0);
    await laptop.login();
    expect(await agent()).toMatchObject({ pid });
  },
  60_000,
);

test("requests that do not come to their end take no memory for long", async () => {
  const { pid } = (await agent())!;
  const path = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.sock");
  const head = "POST /v1/token HTTP/1.1\r\nvouch-protocol: 1\r\ncontent-length: 1000000\r\n\r\n";
  const sockets = Array.from({ length: 300 }, () => {
    const socket = connect(path, () => socket.write(head + "x".repeat(512 << 10)));
    socket.on("error", () => {});
    return socket;
  });
  await until(() => sockets.filter(({ destroyed }) => destroyed).length > 200);
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  expect(resident).toBeLessThan(160);
  for (const socket of sockets) socket.destroy();
  expect((await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() })).stdout).toContain(
    "vouch-sandbox-token",
  );
}, 60_000);

test("an agent that hangs is ended by `vouch agent stop`", async () => {
  const { pid } = (await agent())!;
  process.kill(pid, "SIGSTOP");
  const { exitCode, stderr } = await laptop.vouch("agent", "stop");
  expect(stderr).toContain(`process ${pid}`);
  expect(exitCode).toBe(0);
  expect(await agent()).toBeNull();
}, 60_000);
