/**
 * `npm test`: the checks, the build, then every test, and the closing counts.
 * In CI (CI=true) a skipped test counts as a failure: everything that a test needs is installed there.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const ci = process.env["CI"] === "true";

function step(title: string, command: string[]): void {
  console.log(`\n── ${title}`);
  const { exitCode } = Bun.spawnSync(command, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode === 0) return;
  console.error(`\n${title} failed (exit code ${exitCode}).`);
  process.exit(1);
}

/** The sums that Bun's JUnit report states in its first element. */
function counts(report: string): { tests: number; failures: number; skipped: number } {
  const head = /<testsuites[^>]*>/.exec(report)?.[0] ?? "";
  const attribute = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1]);
  return { tests: attribute("tests"), failures: attribute("failures"), skipped: attribute("skipped") };
}

/**
 * The environment of the tests: a home folder of their own, so that a test that forgets to set one finds nothing of the
 * developer's and leaves nothing there; none of the variables by which npm tells its scripts of itself; and no proxy
 * before the services on this machine.
 */
function testEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const noProxy = "127.0.0.1,localhost";
  return { ...Object.fromEntries(own), HOME: folder, NO_PROXY: noProxy, no_proxy: noProxy };
}

step("format, lint, types, unused code", ["npm", "run", "--silent", "check"]);
step("build", [process.execPath, "build.ts", "--sandbox"]);

console.log("\n── tests");
const folder = mkdtempSync(join(tmpdir(), "vouch-test-"));
const reportFile = join(folder, "junit.xml");
const run = Bun.spawnSync(
  [
    process.execPath,
    "test",
    "--timeout",
    "30000",
    ...process.argv.slice(2),
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
  ],
  {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: testEnvironment(),
  },
);
const { tests, failures, skipped } = counts(readFileSync(reportFile, "utf8"));
rmSync(folder, { recursive: true });

if (skipped > 0) console.log(`\n${skipped} skipped: each is named above with what it needs.`);
console.log(`\n${tests - failures - skipped} passed, ${failures} failed, ${skipped} skipped`);
process.exit(run.exitCode === 0 && failures === 0 && (!ci || skipped === 0) && tests > 0 ? 0 : 1);
