/** What a warm helper takes, against the runtime's own start, against C, and against the tools that it stands for. */
import { join } from "node:path";
import { cargoGet, executable, type Laptop } from "../laptop.ts";
import { awsClis } from "../requires.ts";
import { names } from "../sandbox/main.ts";
import { compileProgram, compileRoundTrip } from "./floor.ts";
import { report, reportRatio, skip } from "./report.ts";
import { copiesOf, median, type Timed, timeInTurn } from "./timing.ts";

const rounds = 102;
const slowRounds = 42;
const pypi = `https://${names.packageHost}/pypi/${names.repository}/simple/`;

/** Measures on a laptop whose agent holds the token already. */
export async function measureHelpers(laptop: Laptop, folder: string): Promise<void> {
  const { env } = laptop;
  const floorProgram = await compileProgram(folder, "floor", "process.exit(0);\n");
  const floorCopies = copiesOf(floorProgram, folder);
  const vouchCopies = copiesOf(executable, folder, ["vouch", "keyring"]);
  const timed = (program: string, folders: string[], args: string[], stdin?: string): Timed => ({
    commands: folders.map((own) => [join(own, program), ...args]),
    env,
    ...(stdin === undefined ? {} : { stdin }),
  });
  const get = cargoGet();
  const helper = timed("vouch", vouchCopies, ["--cargo-plugin"], get);
  const keyring = timed("keyring", vouchCopies, ["get", pypi, "aws"]);
  const floor = timed("floor", floorCopies, [], get);
  const floorName = "a compiled program that only exits";

  const [helperTimes, floorTimes] = await timeInTurn([helper, floor], rounds);
  reportRatio("helper_over_floor", "warm Cargo `get`", helperTimes!, floorName, floorTimes!);
  const [keyringTimes, floorTimes2] = await timeInTurn([keyring, floor], rounds);
  reportRatio("keyring_over_floor", "warm `keyring get`", keyringTimes!, floorName, floorTimes2!);
  const exec = timed("vouch", vouchCopies, ["exec", "--", "/bin/true"]);
  const [execTimes, floorTimes3] = await timeInTurn([exec, floor], rounds);
  reportRatio("exec_over_floor", "`vouch exec -- /bin/true`", execTimes!, floorName, floorTimes3!);

  await measureNpmShim(laptop, floor);
  await measureAwsCli(laptop, helper);
  await measurePythonKeyring(laptop, keyring);

  const native = compileRoundTrip(folder);
  if (native === undefined) return skip("helper_over_native", "there is no C compiler that links statically");
  const nativeTimed: Timed = { commands: [[native]], env, stdin: get };
  const [times, nativeTimes] = await timeInTurn([helper, nativeTimed], rounds);
  reportRatio("helper_over_native", "warm Cargo `get`", times!, "the same by a static C program", nativeTimes!);
}

async function measureNpmShim(laptop: Laptop, floor: Timed): Promise<void> {
  const figure = "npm_shim_added_ms_over_floor_ms";
  const shim = join(laptop.shims, "npm");
  const npm = Bun.which("npm", { PATH: (laptop.env["PATH"] ?? "").split(":").slice(1).join(":") });
  if (npm === null) return skip(figure, "npm is not installed");
  const { env } = laptop;
  // The floor in the same turn: after npm it finds the processor's caches as the shim does.
  const [shimTimes, npmTimes, floorTimes] = await timeInTurn(
    [{ commands: [[shim, "--version"]], env }, { commands: [[npm, "--version"]], env }, floor],
    rounds,
  );
  const floorMs = median(floorTimes!);
  // Of the differences, not of the times: npm's own time wanders by more than the shim adds.
  const added = median(shimTimes!.map((time, index) => time - npmTimes![index]!));
  report(
    figure,
    added / floorMs,
    `the shim adds ${added.toFixed(2)} ms to \`npm --version\` (${median(npmTimes!).toFixed(0)} ms; median of ${rounds} pairs); the floor ${floorMs.toFixed(2)} ms`,
  );
}

async function measureAwsCli(laptop: Laptop, helper: Timed): Promise<void> {
  const figure = "awscli_over_helper";
  const aws = awsClis().find((path) => path.startsWith("/usr/")) ?? awsClis()[0];
  if (aws === undefined) return skip(figure, "no AWS CLI on PATH runs with another HOME");
  const args = ["codeartifact", "get-authorization-token", "--domain", names.domain, "--domain-owner", names.account];
  const cli: Timed = { commands: [[aws, ...args]], env: { ...laptop.env, ...awsCredentials(laptop) } };
  const [cliTimes, besides] = await timeInTurn([cli, helper], slowRounds);
  reportRatio(figure, "`aws codeartifact get-authorization-token`", cliTimes!, "warm Cargo `get`", besides!);
}

async function measurePythonKeyring(laptop: Laptop, keyring: Timed): Promise<void> {
  const figure = "python_keyring_over_helper";
  const python = "/usr/bin/python3";
  const env = { ...laptop.env, PYTHON_KEYRING_BACKEND: "keyring.backends.null.Keyring" };
  const found = Bun.spawnSync([python, "-c", "import keyring"], { env, stdout: "ignore", stderr: "ignore" });
  if (!found.success) return skip(figure, "Debian's python3-keyring is not installed");
  // As /usr/bin/keyring does; the null backend has no password, which is exit code 1.
  const script = "import sys\nfrom keyring.cli import main\ntry:\n  main()\nexcept SystemExit:\n  sys.exit(0)";
  const python3: Timed = { commands: [[python, "-c", script, "get", pypi, "aws"]], env };
  const [pythonTimes, keyringTimes] = await timeInTurn([python3, keyring], slowRounds);
  reportRatio(figure, "python3-keyring, null backend", pythonTimes!, "warm `keyring get`", keyringTimes!);
}

/** Credentials of the sandbox's role, as the AWS CLI reads them. */
function awsCredentials({ sandbox: { account } }: Laptop): Record<string, string> {
  const issued = account.issueCredentials(account.role(names.roleArn)!, "bench", 3600);
  return {
    AWS_ACCESS_KEY_ID: issued.accessKeyId,
    AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
    AWS_SESSION_TOKEN: issued.sessionToken,
    AWS_REGION: names.region,
  };
}
