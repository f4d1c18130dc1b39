/** Two hundred helpers at once: what they cost upstream, how long the last waits, and how much memory they take. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cargoGet, executable, type Laptop } from "../laptop.ts";
import { report, skip } from "./report.ts";
import { median, quantile, timeOnce, type Timed } from "./timing.ts";

const helpers = 200;

/** Cold: the laptop has a session, its repository was set up after the login, and nobody has asked yet. */
export async function measureColdStorm({ sandbox: { account }, env }: Laptop): Promise<void> {
  const before = { ...account.calls };
  account.latencyMs = 100;
  await storm({ commands: [[executable, "--cargo-plugin"]], env, stdin: cargoGet() });
  account.latencyMs = 0;
  const role = account.calls.AssumeRoleWithWebIdentity - before.AssumeRoleWithWebIdentity;
  const token = account.calls.GetAuthorizationToken - before.GetAuthorizationToken;
  const words = `${helpers} helpers at once on a cold agent: ${role} of AssumeRoleWithWebIdentity, ${token} of GetAuthorizationToken`;
  report("storm_upstream_calls", Math.max(role, token), words);
}

export async function measureWarmStorm({ env }: Laptop): Promise<void> {
  const helper: Timed = { commands: [[executable, "--cargo-plugin"]], env, stdin: cargoGet() };
  const alone: number[] = [];
  for (let turn = 0; turn < 40; turn++) alone.push(await timeOnce(helper));
  const times = await storm(helper);
  const cores = availableParallelism();
  const [single, p99] = [median(alone), quantile(times, 0.99)];
  report(
    "storm_p99_over_single",
    p99 / single / (helpers / cores),
    `${helpers} at once: 99th percentile ${p99.toFixed(0)} ms, one alone ${single.toFixed(2)} ms, ${cores} cores; ` +
      "per helper and core: 1 is as if they ran one after the other on each core",
  );
}

async function storm(helper: Timed): Promise<number[]> {
  return Promise.all(Array.from({ length: helpers }, () => timeOnce(helper)));
}

/** The memory of as many helpers that wait for their request at the same time. */
export async function measureMemory({ env }: Laptop): Promise<void> {
  const figure = "storm_helper_pss_mib";
  if (process.platform !== "linux") return skip(figure, "only Linux tells");
  const running = Array.from({ length: helpers }, () =>
    Bun.spawn([executable, "--cargo-plugin"], { env, stdio: ["pipe", "pipe", "ignore"] }),
  );
  try {
    // Each has begun when its greeting is there.
    await Promise.all(running.map(async ({ stdout }) => stdout.getReader().read()));
    const sums = running.map(({ pid }) => memoryOf(pid));
    const pss = sums.reduce((sum, each) => sum + each.pss, 0);
    const rss = median(sums.map((each) => each.rss));
    const words = `${helpers} helpers that wait: ${(pss / 1024).toFixed(0)} MiB together (PSS), ${(rss / 1024).toFixed(0)} MiB of RSS each`;
    report(figure, pss / helpers / 1024, words);
  } finally {
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(running.map(({ exited }) => exited));
  }
}

/** In KiB. */
function memoryOf(pid: number): { pss: number; rss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]);
  return { pss: field("Pss"), rss: field("Rss") };
}
