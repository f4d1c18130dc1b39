/** What the agent takes while nobody asks it anything. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Laptop } from "../../laptop.ts";
import { compileProgram } from "../floor.ts";
import { report, rounds, skip } from "../report.ts";
import { range } from "../timing.ts";

/** How long nobody asks in each round, in milliseconds. */
const idleMs = 60_000;
/** How long both are left alone before that: what was started for the last question ends by itself. */
const settleMs = 15_000;

/** With a session, after use; beside it the runtime's own server that serves nobody. */
export async function measureIdleAgent(laptop: Laptop, folder: string): Promise<void> {
  if (process.platform !== "linux") {
    for (const figure of ["agent_idle_rss_mib", "agent_idle_wakeups_over_bare"]) skip(figure, "only Linux tells");
    return;
  }
  const source = `Bun.serve({ unix: process.argv[2], fetch: () => new Response("") });\nconsole.log("ready");\n`;
  const program = await compileProgram(folder, "bare", source);
  const bare = Bun.spawn([program, join(folder, "bare.sock")], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await bare.stdout.getReader().read();
    const status = JSON.parse((await laptop.vouch("status", "--json")).stdout) as {
      agent?: { pid: number };
      pid?: number;
    };
    const pid = status.pid ?? status.agent?.pid;
    if (pid === undefined) throw new Error("`vouch status --json` names no process");
    const unix = join(folder, "bare.sock");
    const own: number[] = [];
    const others: number[] = [];
    const rss: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < 20; turn++) await (await fetch("http://bare/", { unix })).text();
      await laptop.vouch("status");
      await Bun.sleep(settleMs);
      const before = [switches(pid), switches(bare.pid)] as const;
      await Bun.sleep(idleMs);
      own.push(switchesSince(before[0], pid));
      others.push(switchesSince(before[1], bare.pid));
      rss.push(rssMib(pid));
    }
    const words = `context switches in ${idleMs / 1000} s: ${range(own)} of the agent, ${range(others)} of a bare \`Bun.serve({unix})\``;
    report(
      "agent_idle_wakeups_over_bare",
      own.map((count, index) => count / others[index]!),
      words,
    );
    report("agent_idle_rss_mib", rss, `RSS after that minute; the bare server's is ${rssMib(bare.pid).toFixed(1)} MiB`);
  } finally {
    bare.kill();
    await bare.exited;
  }
}

/** The context switches so far, by thread. */
function switches(pid: number): Map<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      const counts = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map(([, count]) => Number(count));
      return [thread, counts.reduce((sum, count) => sum + count, 0)];
    }),
  );
}

/** Of the threads that there are now: one that ended meanwhile takes its count with it. */
function switchesSince(before: Map<string, number>, pid: number): number {
  let sum = 0;
  for (const [thread, count] of switches(pid)) sum += count - (before.get(thread) ?? 0);
  return sum;
}

function rssMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
