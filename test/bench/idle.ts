/** What the agent takes while nobody asks it anything. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Laptop } from "../laptop.ts";
import { compileProgram } from "./floor.ts";
import { report, skip } from "./report.ts";

/** How long nobody asks, in milliseconds. */
const idleMs = 60_000;

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
    const before = [switches(pid), switches(bare.pid)] as const;
    await Bun.sleep(idleMs);
    const [own, others] = [switches(pid) - before[0], switches(bare.pid) - before[1]];
    const words = `context switches in ${idleMs / 1000} s: ${own} of the agent, ${others} of a bare \`Bun.serve({unix})\``;
    report("agent_idle_wakeups_over_bare", own / others, words);
    const rss = rssMib(pid);
    report("agent_idle_rss_mib", rss, `RSS after that minute; the bare server's is ${rssMib(bare.pid).toFixed(1)} MiB`);
  } finally {
    bare.kill();
    await bare.exited;
  }
}

/** The context switches of all threads so far. */
function switches(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    for (const [, count] of status.matchAll(/ctxt_switches:\s+(\d+)/g)) sum += Number(count);
  }
  return sum;
}

function rssMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
