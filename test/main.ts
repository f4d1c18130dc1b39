/**
 * `npm test`: the checks, the build, then every test, and the closing counts.
 * In CI (CI=true) a skipped test counts as a failure: everything that a test needs is installed there.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { testEnvironment } from "./environment.ts";
import { addOutcomes, describeFailures, errorsOutsideTests, type Outcome, readReport } from "./junit.ts";
import { runSuite, whyNoMachine } from "./machine/suite.ts";
import { tempFolder } from "./temp-folder.ts";

const root = join(import.meta.dir, "..");
const ci = process.env["CI"] === "true";

function step(title: string, command: string[]): void {
  console.log(`\n── ${title}`);
  const { exitCode } = Bun.spawnSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode === 0) return;
  console.error(`\n${title} failed (exit code ${exitCode}).`);
  process.exit(1);
}

/** The tests in the machine: as `npm run test:hid`; one that is skipped where the machine cannot run. */
async function testInMachine(): Promise<Outcome> {
  console.log("\n── tests with a security key that a kernel knows, in a machine of their own (`npm run test:hid`)");
  const reason = whyNoMachine();
  if (reason === undefined) return runSuite();
  console.warn(`SKIPPED: the release executable was NOT tested on a real /dev/hidraw*. ${reason}`);
  return { tests: 1, failures: 0, skipped: 1, failed: [] };
}

/** Every package manager: as `npm run matrix`. One that is not installed is skipped, and in CI a failure. */
function runMatrix(): Outcome {
  console.log("\n── every package manager, version and way of starting it (`npm run matrix`)");
  using place = tempFolder();
  const outcomeFile = join(place.path, "outcome.json");
  Bun.spawnSync([process.execPath, "test/matrix/main.ts", "--outcome", outcomeFile], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: testEnvironment(place.path),
  });
  if (existsSync(outcomeFile)) return JSON.parse(readFileSync(outcomeFile, "utf8")) as Outcome;
  const failed = [{ test: "the matrix", message: "It ended without a report of its cells: see its output above." }];
  return { tests: 1, failures: 1, skipped: 0, failed };
}

/**
 * Copies a run's output to stderr while it comes, and returns it. What outlives the run may hold the pipe open: after
 * the run's end, a second without a word ends it.
 */
async function passOn(output: ReadableStream<Uint8Array>, ended: Promise<number>): Promise<string> {
  const chunks: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of output) {
      process.stderr.write(chunk);
      chunks.push(chunk);
    }
  })();
  await ended;
  for (let before = -1; before !== chunks.length;) {
    before = chunks.length;
    await Promise.race([reading, Bun.sleep(1_000)]);
  }
  return Buffer.concat(chunks).toString();
}

step("format, lint, types, unused code", ["npm", "run", "--silent", "check"]);
step("build", [process.execPath, "build.ts", "--sandbox"]);

console.log("\n── tests");
const folder = tempFolder();
const reportFile = join(folder.path, "junit.xml");
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    "--timeout",
    // Against a hang alone: a machine may be ten times slower than another.
    "300000",
    // Many tests wait for programs: one file more at once than there are processors.
    `--parallel=${Math.min(availableParallelism() + 1, 4)}`,
    ...process.argv.slice(2),
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
  ],
  {
    cwd: root,
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...testEnvironment(folder.path), ...(process.stderr.isTTY ? { FORCE_COLOR: "1" } : {}) },
  },
);
const printed = await passOn(run.stderr, run.exited);
const exitCode = await run.exited;
// A run that crashed left no report.
const report = readReport(existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "");
const outside = addOutcomes([report, errorsOutsideTests(Bun.stripANSI(printed))]);
folder[Symbol.dispose]();
// Whoever names the tests to run means neither the machine nor the matrix.
const others = process.argv.length > 2 ? [] : [runMatrix(), await testInMachine()];
const { tests, failures, skipped, failed } = addOutcomes([outside, ...others]);

// Once more at the end of a log of many thousand lines, of which often only the end is kept.
if (failed.length > 0) console.log(`\n${describeFailures(failed)}`);
if (exitCode !== 0 && outside.failures === 0) {
  console.log(`\nThe tests ended with exit code ${exitCode} although none failed: see above.`);
}
if (skipped > 0) console.log(`\n${skipped} skipped: each is named above with what it needs.`);
console.log(`\n${tests - failures - skipped} passed, ${failures} failed, ${skipped} skipped`);
process.exit(exitCode === 0 && failures === 0 && (!ci || skipped === 0) && tests > 0 ? 0 : 1);
