/** Two hundred helpers at once: what they cost upstream, how long the last waits, and how much memory they take. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cargoGet, executable, type Laptop } from "../../laptop.ts";
import { report, rounds, skip } from "../report.ts";
import { median, quantile, timeOnce, type Timed } from "../timing.ts";

const helpers = 200;

/**
 * Cold: the laptop has a session, its repository was set up after the login, and nobody has asked yet. For the further
 * rounds the settings name no repository during the login.
 */
export async function measureColdStorm(laptop: Laptop): Promise<void> {
  const { env, home, sandbox } = laptop;
  const { account } = sandbox;
  const file = join(home, ".config/vouch/config.json");
  const settings = readFileSync(file, "utf8");
  const calls: { role: number; token: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round > 0) {
      writeFileSync(file, JSON.stringify({ ...JSON.parse(settings), repositories: [] }));
      await laptop.login();
      writeFileSync(file, settings);
    }
    const before = { ...account.calls };
    account.latencyMs = 100;
    await storm({ commands: [[executable, "--cargo-plugin"]], env, stdin: cargoGet() });
    account.latencyMs = 0;
    calls.push({
      role: account.calls.AssumeRoleWithWebIdentity - before.AssumeRoleWithWebIdentity,
      token: account.calls.GetAuthorizationToken - before.GetAuthorizationToken,
    });
  }
  const { role, token } = calls[0]!;
  const words = `${helpers} helpers at once on a cold agent: ${role} of AssumeRoleWithWebIdentity, ${token} of GetAuthorizationToken`;
  report(
    "storm_upstream_calls",
    calls.map((each) => Math.max(each.role, each.token)),
    words,
  );
}

export async function measureWarmStorm({ env }: Laptop): Promise<void> {
  const helper: Timed = { commands: [[executable, "--cargo-plugin"]], env, stdin: cargoGet() };
  const cores = availableParallelism();
  const [singles, last]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const alone: number[] = [];
    for (let turn = 0; turn < 40; turn++) alone.push(await timeOnce(helper));
    singles.push(median(alone));
    last.push(quantile(await storm(helper), 0.99));
  }
  report(
    "storm_p99_over_single",
    last.map((p99, round) => p99 / singles[round]! / (helpers / cores)),
    `${helpers} at once: 99th percentile ${median(last).toFixed(0)} ms, one alone ${median(singles).toFixed(2)} ms, ${cores} cores; ` +
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
  const memory: { pss: number; rss: number }[] = [];
  for (let round = 0; round < rounds; round++) memory.push(await memoryOfWaiting(env));
  const [pss, rss] = [median(memory.map((each) => each.pss)), median(memory.map((each) => each.rss))];
  report(
    figure,
    memory.map((each) => each.pss / helpers / 1024),
    `${helpers} helpers that wait: ${(pss / 1024).toFixed(0)} MiB together (PSS), ${(rss / 1024).toFixed(0)} MiB of RSS each`,
  );
}

/** In KiB: of all together, and of the median one. */
async function memoryOfWaiting(env: Record<string, string>): Promise<{ pss: number; rss: number }> {
  const running = Array.from({ length: helpers }, () =>
    Bun.spawn([executable, "--cargo-plugin"], { env, stdio: ["pipe", "pipe", "ignore"] }),
  );
  try {
    // Each has begun when its greeting is there.
    await Promise.all(running.map(async ({ stdout }) => stdout.getReader().read()));
    const sums = running.map(({ pid }) => memoryOf(pid));
    return { pss: sums.reduce((sum, each) => sum + each.pss, 0), rss: median(sums.map((each) => each.rss)) };
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
