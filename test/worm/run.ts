/** Runs a worm to its end: the package manager's command with it, then the command after that, then the judgement. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crateUserProject, npmUserProject } from "../binary/projects.ts";
import { type Laptop, registryName } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { seedCargoWorm, seedNpmWorm, seedPipWorm } from "./packages.ts";
import { countKeys, countPublishes, startWormLaptop } from "./laptop.ts";
import { judge, type Result } from "./judge.ts";
import { endProcessesOf } from "./processes.ts";
import { countAsksOnRecord } from "./record.ts";
import { startReportListener } from "./reports.ts";

export const worms = ["npm", "cargo", "pip"] as const;
export type Worm = (typeof worms)[number];

/** How long a package manager with a worm in it may take; and each command after it. */
const limitMs = 75_000;
const afterLimitMs = 15_000;

interface Plan {
  seed: (laptop: Laptop, report: string) => Promise<void>;
  /** Makes the project; its folder. */
  project: (laptop: Laptop) => string;
  command: string[];
  /** What runs the worm once more, as what it has left in the background would. */
  again?: string[];
}

const plans: Record<Worm, Plan> = {
  npm: {
    seed: seedNpmWorm,
    project: ({ home }) => npmUserProject(join(home, "app"), "worm"),
    command: ["npm", "install", "--no-audit", "--no-fund", "--no-progress"],
    again: ["node", "node_modules/worm/worm.cjs"],
  },
  cargo: {
    seed: seedCargoWorm,
    project: ({ home }) => crateUserProject(join(home, "app"), "worm", registryName),
    command: ["cargo", "build", "--quiet"],
  },
  pip: {
    seed: seedPipWorm,
    project: ({ home }) => {
      mkdirSync(join(home, "app"));
      return join(home, "app");
    },
    command: ["pip", "install", "worm", "--target", "site", "--no-cache-dir", "--progress-bar", "off"],
  },
};

/** Throws when the worm did not run to its end: then nothing is known about what it could get. */
export async function runWorm(worm: Worm, say: (text: string) => void): Promise<Result> {
  const plan = plans[worm];
  const laptop = await startWormLaptop();
  const listener = await startReportListener(join(laptop.folder, "reports.sock"));
  try {
    await plan.seed(laptop, listener.path);
    const before = { publishes: countPublishes(laptop), keys: await countKeys(laptop) };
    const cwd = plan.project(laptop);
    say(`${worm}: ${plan.command.join(" ")}`);
    const { screen } = await inTerminal(laptop, plan.command, cwd, limitMs);
    if (!(await listener.ended(worm, "end", 1000))) {
      throw new Error(
        `The worm in ${worm} did not come to its end, after ${listener.reports.map(({ attempt }) => attempt).join(", ")}:\n${screen.slice(-2000)}`,
      );
    }
    // The agent, and its record with it, ends once its socket is replaced, which the worm tries last.
    const onRecord = await countAsksOnRecord(laptop);
    await nextCommands(laptop, say);
    if (plan.again !== undefined) {
      await inTerminal(laptop, plan.again, cwd, afterLimitMs);
      if (!(await listener.ended(worm, "end again", 1000))) throw new Error(`The worm in ${worm} did not come again`);
      await nextCommands(laptop, say);
    }
    const after = { publishes: countPublishes(laptop), keys: await countKeys(laptop) };
    return judge(laptop, worm, listener.reports, {
      publishes: after.publishes - before.publishes,
      keysAdded: after.keys - before.keys,
      onRecord: Math.max(onRecord, await countAsksOnRecord(laptop)),
    });
  } finally {
    listener.stop();
    await laptop.stop().catch(() => {});
    endProcessesOf(laptop.home);
  }
}

/** What the developer does next, with all that the worm has left behind. */
async function nextCommands(laptop: Laptop, say: (text: string) => void): Promise<void> {
  const next = join(laptop.home, "next");
  mkdirSync(next, { recursive: true });
  rmSync(join(next, "node_modules"), { recursive: true, force: true });
  writeFileSync(join(next, "package.json"), '{"name":"next","version":"1.0.0","dependencies":{"my-lib":"1.0.0"}}');
  for (const command of [
    ["npm", "install", "--no-audit", "--no-fund"],
    ["bash", "-ic", "exit"],
    ["git", "init", "--quiet"],
    ["vouch", "status"],
  ]) {
    say(`  next: ${command.join(" ")}`);
    await inTerminal(laptop, command, next, afterLimitMs);
  }
}

async function inTerminal(laptop: Laptop, command: string[], cwd: string, limit: number): Promise<{ screen: string }> {
  // The limit is three times the limit on each wait.
  return runInTerminal(command, { cwd, env: laptop.env, timeoutMs: limit / 3 }, async () => {});
}
