/** Runs a worm to its end: the package manager's command with it, then the command after that, then the judgement. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crateUserProject, npmUserProject } from "../binary/projects.ts";
import { type Laptop, registryName } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { myLib, myPackage, type PackageSource, seedPackage } from "../sandbox/packages.ts";
import { seedCargoWorm, seedNpmWorm, seedPipWorm } from "./packages.ts";
import { countPublishes, knownKeys, startWormLaptop } from "./laptop.ts";
import type { Worm } from "./attempts.ts";
import { judge, type Result } from "./judge.ts";
import { endProcessesOf } from "./processes.ts";
import { startReportListener } from "./reports.ts";

/** How long a package manager with a worm in it may take; and each command after it, which may wait for a person. */
const limitMs = 600_000;
const afterLimitMs = 60_000;

const myCrate: PackageSource = {
  name: "my-crate",
  version: "0.1.0",
  files: { "src/lib.rs": "pub fn greeting() {}\n" },
};

interface Plan {
  seed: (laptop: Laptop, report: string) => Promise<void>;
  /** Makes the project; its folder. */
  project: (laptop: Laptop) => string;
  command: string[];
}

const plans: Record<Worm, Plan> = {
  npm: {
    seed: seedNpmWorm,
    project: ({ home }) => npmUserProject(join(home, "app"), "worm"),
    command: ["npm", "install", "--no-audit", "--no-fund", "--no-progress"],
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
    await seedPackage(laptop.sandbox.registries, "npm", myLib);
    await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
    await seedPackage(laptop.sandbox.registries, "cargo", myCrate);
    const before = { publishes: countPublishes(laptop), keys: await knownKeys(laptop) };
    const cwd = plan.project(laptop);
    say(`${worm}: ${plan.command.join(" ")}`);
    const { screen } = await inTerminal(laptop, plan.command, cwd, limitMs);
    if (!(await listener.ended(worm, "end", 1000))) {
      throw new Error(
        `The worm in ${worm} did not come to its end, after ${listener.reports.map(({ attempt }) => attempt).join(", ")}:\n${screen.slice(-2000)}`,
      );
    }
    await nextCommands(laptop, say);
    // Again, as what it has left in the background would run it.
    for (const visit of [1, 2, 3]) {
      const again = await inTerminal(laptop, ["python3", join(laptop.folder, "worm/worm.py")], cwd, limitMs);
      if (!(await listener.ended(worm, `end again ${visit}`, 1000)))
        throw new Error(`The worm in ${worm} did not come to the end of visit ${visit}:\n${again.screen.slice(-2000)}`);
      await nextCommands(laptop, say);
    }
    return judge(laptop, worm, listener.reports, {
      publishes: countPublishes(laptop) - before.publishes,
      keysAdded: (await knownKeys(laptop)).difference(before.keys).size,
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
  rmSync(next, { recursive: true, force: true });
  npmUserProject(next, "my-lib");
  crateUserProject(next, "my-crate", registryName);
  for (const command of [
    ["npm", "install", "--no-audit", "--no-fund"],
    ["cargo", "build", "--quiet"],
    ["pip", "download", "my-package", "--no-cache-dir", "--progress-bar", "off"],
    ["bash", "-ic", "npm view my-lib version"],
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
