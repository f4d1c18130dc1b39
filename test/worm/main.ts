/**
 * `npm run worm`: packages that have turned bad, on a laptop where somebody is logged in.
 *   npm run worm -- --only npm   one worm; may be repeated
 *   npm run worm -- --write      writes the table of docs/threat-model.md; else what it got must be what stands there
 *   npm run worm -- --json       prints the figures as one line of JSON at the end
 */
import { existsSync, readFileSync } from "node:fs";
import { scriptOptions } from "../../build/script-options.ts";
import { type Worm, worms } from "./attempts.ts";
import { countTokens, type Result } from "./judge.ts";
import { differences, writeTable } from "./table.ts";
import { runWorm } from "./run.ts";

const values = scriptOptions("npm run worm [-- --only WORM] [--json]", {
  only: { type: "string", multiple: true },
  write: { type: "boolean" },
  json: { type: "boolean" },
});
const unknown = values.only?.find((name) => !(worms as readonly string[]).includes(name));
if (unknown !== undefined) {
  console.error(`--only expects one of ${worms.join(", ")}, got ${unknown}.`);
  process.exit(2);
}
if (process.platform !== "linux") {
  console.error("The worms run on Linux only.");
  process.exit(1);
}
withoutPrivileges();

const results: Result[] = [];
const chosen = values.only === undefined ? worms : (values.only as Worm[]);
for (const worm of chosen) results.push(await runWorm(worm, (text) => console.log(text)));

for (const { worm, got } of results) {
  console.log(`\n${worm}`);
  for (const [attempt, spoil] of got)
    console.log(`  ${spoil === "none" ? "nothing" : spoil.toUpperCase()}  ${attempt}`);
}
if (values.write && values.only === undefined) writeTable(results);
const sum = (count: (result: Result) => number) => results.reduce((total, result) => total + count(result), 0);
const figures = {
  /** That were made, by all worms together. */
  attempts: sum(({ got }) => got.size),
  publishes: sum(({ publishes }) => publishes),
  keys_added: sum(({ keysAdded }) => keysAdded),
  tokens_in_env_files_descriptors: countTokens(results, ["environment", "files", "descriptors"]),
  unlogged_asks: sum(({ unlogged }) => unlogged),
  tokens_by_memory: countTokens(results, ["memory"]),
  tokens_by_pipe_race: countTokens(results, ["race"]),
  ptrace_scope: ptraceScope(),
};
const wrong = [
  ...results.flatMap(({ worm, notMade }) => [...notMade].map(([name, why]) => `${worm}, ${name}: ${why}`)),
  ...results.flatMap(({ worm, got }) =>
    [...got].filter(([, spoil]) => spoil === "publish token").map(([name]) => `${worm}, ${name}: a token to publish`),
  ),
  ...differences(results),
];
if (wrong.length > 0) console.log(`\nnot as it should be:\n${wrong.map((line) => `  ${line}\n`).join("")}`);
const { publishes, keys_added: keys, tokens_in_env_files_descriptors: tokens, unlogged_asks: unlogged } = figures;
console.log(values.json ? JSON.stringify(figures) : figures);
process.exit(publishes + keys + tokens + unlogged + wrong.length === 0 ? 0 : 1);

/** Yama's setting; a kernel without it asks for no more than 0. */
function ptraceScope(): number {
  const file = "/proc/sys/kernel/yama/ptrace_scope";
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

/** Starts itself again without root's capabilities: nothing keeps root from a token, and a developer is not root. */
function withoutPrivileges(): void {
  if (/^CapEff:\s+0+$/m.test(readFileSync("/proc/self/status", "utf8"))) return;
  const drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", process.execPath];
  const { exitCode } = Bun.spawnSync([...drop, ...process.argv.slice(1)], { stdio: ["ignore", "inherit", "inherit"] });
  process.exit(exitCode ?? 1);
}
