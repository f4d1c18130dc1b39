/**
 * `npm run bench`: measures whole processes, start to exit, in turn and in one run, and prints medians and ratios.
 *   npm run bench -- --json            prints one JSON object as its last line
 *   npm run bench -- --only helpers    measures one part: helpers, storm, registries, idle, cold
 * A figure is a ratio or a count of this run: absolute times differ between machines and hours. What each one is, and how
 * the floor is made, is written in docs/performance.md.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cargoGet, executable, startLaptop } from "../laptop.ts";
import { measureColdToken } from "./cold.ts";
import { measureHelpers } from "./helpers.ts";
import { measureIdleAgent } from "./idle.ts";
import { measureRegistries, repositories } from "./registries.ts";
import { figures } from "./report.ts";
import { measureColdStorm, measureMemory, measureWarmStorm } from "./storm.ts";
import { tempFolder } from "../temp-folder.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" } } });
const wanted = (part: string) => values.only === undefined || values.only === part;

const build = Bun.spawnSync([process.execPath, "build.ts", "--sandbox"], {
  cwd: join(import.meta.dir, "../.."),
  stdio: ["ignore", "ignore", "inherit"],
});
if (build.exitCode !== 0) process.exit(1);

using temporary = tempFolder();
const folder = temporary.path;
const laptop = await startLaptop({ repositories });
try {
  // The repository is set up after the login: the agent has fetched nothing ahead, it is cold.
  await laptop.getReady();
  if (wanted("storm")) await measureColdStorm(laptop);
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  if (!stdout.includes('"token"')) throw new Error(`Expected a token from the warm helper, got ${stdout}`);

  if (wanted("helpers")) await measureHelpers(laptop, folder);
  if (wanted("storm")) {
    await measureWarmStorm(laptop);
    await measureMemory(laptop);
  }
  if (wanted("idle")) await measureIdleAgent(laptop, folder);
  if (wanted("registries")) await measureRegistries(laptop, folder);
  if (wanted("cold")) await measureColdToken(laptop);
} finally {
  await laptop.stop();
}
if (values.json) console.log(JSON.stringify(figures));
