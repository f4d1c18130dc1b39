/**
 * `npm run bench`: measures whole processes, start to exit, in turn and in one run, and prints medians and ratios.
 *   npm run bench -- --json     prints one JSON object as its last line
 * A figure is a ratio or a count of this run: absolute times differ between machines and hours.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cargoGet, executable, type Laptop, startLaptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";
import { median, timeInTurn, type Timed } from "./timing.ts";

const root = join(import.meta.dir, "../..");
const rounds = 100;
const slowRounds = 8;
const get = cargoGet();
const awsArguments = [
  "codeartifact",
  "get-authorization-token",
  "--domain",
  names.domain,
  "--domain-owner",
  names.account,
];

const folder = mkdtempSync(join(tmpdir(), "vouch-bench-"));
const figures: Record<string, number | null> = {};

const build = Bun.spawnSync([process.execPath, "build.ts", "--sandbox"], {
  cwd: root,
  stdio: ["ignore", "ignore", "inherit"],
});
if (build.exitCode !== 0) process.exit(1);
const laptop = await startLaptop();
try {
  await warmUp(laptop);
  const helper: Timed = { command: [executable, "--cargo-plugin"], env: laptop.env, stdin: get };
  const floor: Timed = { command: [await buildFloor()], env: laptop.env, stdin: get };

  const [helperTimes, floorTimes] = await timeInTurn([helper, floor], rounds);
  report(
    "warm Cargo `get`",
    helperTimes!,
    "the floor: a compiled program that only exits",
    floorTimes!,
    "helper_over_floor",
  );

  const aws = Bun.which("aws", { PATH: "/usr/bin:/usr/local/bin" }) ?? Bun.which("aws");
  if (aws === null) {
    figures["awscli_over_helper"] = null;
    console.log("AWS CLI: not installed, awscli_over_helper is not measured");
  } else {
    const cli: Timed = { command: [aws, ...awsArguments], env: { ...laptop.env, ...awsCredentials(laptop) } };
    const [cliTimes, besides] = await timeInTurn([cli, helper], slowRounds);
    report("`aws codeartifact get-authorization-token`", cliTimes!, "warm Cargo `get`", besides!, "awscli_over_helper");
  }
} finally {
  await laptop.stop();
  rmSync(folder, { recursive: true });
}
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));

function report(what: string, times: number[], against: string, others: number[], figure: string): void {
  const [a, b] = [median(times), median(others)];
  figures[figure] = Math.round((a / b) * 1000) / 1000;
  console.log(`${what}: ${a.toFixed(2)} ms (median of ${times.length})`);
  console.log(`${against}: ${b.toFixed(2)} ms (median of ${others.length})`);
  console.log(`${figure} = ${figures[figure]}\n`);
}

/** Logs in, sets up one repository and asks once, so that the agent holds the token. */
async function warmUp(at: Laptop): Promise<void> {
  await at.startAgent();
  await at.enroll();
  await at.setUpAws();
  await at.setUpRepository("--tool", "cargo");
  await at.login();
  const { stdout } = await at.run([executable, "--cargo-plugin"], { stdin: get });
  if (!stdout.includes('"token"')) throw new Error(`Expected a token from the warm helper, got ${stdout}`);
}

/** The same build as the product's, of a program that only exits: what the runtime costs before any work of ours. */
async function buildFloor(): Promise<string> {
  const source = join(folder, "floor.ts");
  const outfile = join(folder, "floor");
  writeFileSync(source, "process.exit(0);\n");
  await Bun.build({
    entrypoints: [source],
    target: "bun",
    format: "esm",
    splitting: true,
    minify: true,
    bytecode: true,
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  return outfile;
}

/** Credentials of the sandbox's role, as the AWS CLI reads them. */
function awsCredentials(at: Laptop): Record<string, string> {
  const { account } = at.sandbox;
  const issued = account.issueCredentials(account.role(names.roleArn)!, "bench", 3600);
  return {
    AWS_ACCESS_KEY_ID: issued.accessKeyId,
    AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
    AWS_SESSION_TOKEN: issued.sessionToken,
    AWS_REGION: names.region,
  };
}
