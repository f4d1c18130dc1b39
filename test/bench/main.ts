/**
 * `npm run bench`: measures whole processes, start to exit, in turn and in one run, and prints medians and ratios.
 *   npm run bench -- --json            prints one JSON object as its last line
 *   npm run bench -- --only helpers    measures one part: helpers, commands, storm, registries, idle, cold, unreachable, server
 *   npm run bench -- --only scale      fills databases with 1,000,000 sessions, which takes minutes: never without its name
 *   npm run bench -- --only kills      kills a server 500 times with each database (--cycles N), likewise
 * A figure is a ratio or a count of this run: absolute times differ between machines and hours. What each one is, and how
 * the floor is made, is written in docs/performance.md. One that cannot be measured is named with the reason, and is
 * null; the others are measured all the same.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cargoGet, executable, type Laptop, startLaptop } from "../laptop.ts";
import { measureColdToken } from "./figures/cold.ts";
import { measureCommands } from "./figures/commands.ts";
import { measureHelpers } from "./figures/helpers.ts";
import { measureIdleAgent } from "./figures/idle.ts";
import { killFigures, measureKills } from "./figures/kills.ts";
import { measureRegistries, repositories } from "./figures/registries.ts";
import { attempt, figures } from "./report.ts";
import { measureScale, scaleFigures } from "./figures/scale.ts";
import { measureServer, serverFigures } from "./figures/server.ts";
import { measureColdStorm, measureMemory, measureWarmStorm } from "./figures/storm.ts";
import { measureUnreachable, measureUnreachableAccount } from "./figures/unreachable.ts";
import { tempFolder } from "../temp-folder.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, only: { type: "string" }, cycles: { type: "string" } },
});
const wanted = (part: string) => values.only === undefined || values.only === part;

const build = Bun.spawnSync([process.execPath, "build.ts", "--sandbox"], {
  cwd: join(import.meta.dir, "../.."),
  stdio: ["ignore", "ignore", "inherit"],
});
if (build.exitCode !== 0) process.exit(1);

using temporary = tempFolder();
const folder = temporary.path;

/** A folder of this run for one part. */
function ownFolder(part: string): string {
  const own = join(folder, part);
  mkdirSync(own);
  return own;
}

if (["helpers", "commands", "storm", "idle", "registries", "cold"].some(wanted)) await onOneLaptop();
if (wanted("unreachable")) {
  await attempt(["unreachable_over_reachable"], measureUnreachable);
  await attempt(["unreachable_account_over_reachable"], measureUnreachableAccount);
}
if (wanted("server")) {
  await attempt(serverFigures, () => measureServer(ownFolder("server")));
}
// It takes minutes to fill the databases.
if (values.only === "scale") await attempt(scaleFigures, () => measureScale(ownFolder("scale")));
if (values.only === "kills") {
  await attempt([...killFigures], () => measureKills(ownFolder("kills"), Number(values.cycles ?? 500)));
}
if (values.json) console.log(JSON.stringify(figures()));

async function onOneLaptop(): Promise<void> {
  const laptop = await startLaptop({ repositories });
  try {
    // The repository is set up after the login: the agent has fetched nothing ahead, it is cold.
    await laptop.getReady();
    if (wanted("storm")) await attempt(["storm_upstream_calls"], () => measureColdStorm(laptop));
    await warmUp(laptop);
    if (wanted("helpers")) await measureHelpers(laptop, folder);
    if (wanted("commands")) await measureCommands(laptop, folder);
    if (wanted("storm")) {
      await attempt(["storm_p99_over_single"], () => measureWarmStorm(laptop));
      await attempt(["storm_helper_pss_mib"], () => measureMemory(laptop));
    }
    if (wanted("idle")) {
      const idle = ["agent_idle_wakeups_over_bare", "agent_idle_rss_mib"];
      await attempt(idle, () => measureIdleAgent(laptop, folder));
    }
    if (wanted("registries")) {
      await attempt(["build_with_50_registries_over_none"], () => measureRegistries(laptop, folder));
    }
    if (wanted("cold")) await attempt(["cold_over_network"], () => measureColdToken(laptop));
  } finally {
    await laptop.stop();
  }
}

async function warmUp(laptop: Laptop): Promise<void> {
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  if (!stdout.includes('"token"')) throw new Error(`Expected a token from the warm helper, got ${stdout}`);
}
