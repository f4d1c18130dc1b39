/** The tests that need a security key known to a kernel: `guest/*.guest.ts`, all in one boot of the machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, readReport } from "../junit.ts";
import { findPythonFido2, thirdPartyPrograms } from "./guest/third-party.ts";
import { getKernel } from "./kernel.ts";
import { machinePrograms, GUEST_OUT, runInMachine } from "./machine.ts";

const root = join(import.meta.dir, "../..");

/** Twenty times what a quiet machine needs for the slowest test, and several times what it needs for all. */
const TEST_TIMEOUT_MS = 180_000;
const LIMIT_SECONDS = 1200;

const install = "Debian has it all: `apt-get install qemu-system-x86 busybox-static fido2-tools python3-fido2`.";

/** Why the machine cannot run here, in whole sentences; undefined when it can. */
export function whyNoMachine(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `The machine's programs are those of this one, which must be Linux on x64, got ${process.platform} on ${process.arch}.`;
  }
  const missing = [...machinePrograms, ...thirdPartyPrograms].filter((program) => Bun.which(program) === null);
  if (missing.length > 0) return `Not installed: ${missing.join(", ")}. ${install}`;
  if (findPythonFido2() === undefined) return `No python3 here can import fido2. ${install}`;
  if (readFileSync(Bun.which("busybox")!, "latin1").includes("/ld-linux")) {
    return "busybox needs libraries, which the machine does not have when it starts: install `busybox-static`.";
  }
  try {
    getKernel(root);
  } catch (error) {
    return `It has no kernel. ${messageOf(error)}`;
  }
  return undefined;
}

/**
 * Runs the tests, or those whose file names contain one of the words; needs dist/vouch, and that
 * {@link whyNoMachine} finds no reason. A machine that ends without a word is a failure.
 */
export async function runSuite(words: string[] = []): Promise<Outcome> {
  const files = readdirSync(join(import.meta.dir, "guest"))
    .filter((name) => name.endsWith(".guest.ts"))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort()
    .map((name) => `./test/machine/guest/${name}`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${GUEST_OUT}/junit.xml`];
  let outcome: Outcome = { tests: 0, failures: 0, skipped: 0, failed: [] };
  let passed = false;
  const started = performance.now();
  try {
    const status = await runInMachine(
      [process.execPath, "test", "--timeout", String(TEST_TIMEOUT_MS), ...reporter, ...files],
      {
        kernel: getKernel(root),
        cwd: root,
        env: { LANG: "C.UTF-8", CI: process.env["CI"] ?? "" },
        limitSeconds: LIMIT_SECONDS,
        collect: (folder) => {
          const report = join(folder, "junit.xml");
          if (existsSync(report)) outcome = readReport(readFileSync(report, "utf8"));
        },
      },
    );
    passed = status === 0;
  } catch (error) {
    console.error(messageOf(error));
  }
  console.log(`\nThe machine was on for ${Math.round((performance.now() - started) / 1000)} seconds.`);
  // A run that broke off, or found no test, must not pass for one in which nothing failed.
  if ((passed && outcome.tests > 0) || outcome.failures > 0) return outcome;
  const failed = [{ test: "the machine", message: "It ended without a report of its tests: see its output above." }];
  return { ...outcome, tests: outcome.tests + 1, failures: 1, failed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
