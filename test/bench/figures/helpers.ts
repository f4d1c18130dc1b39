/** What a warm helper takes, against the runtime's own start, against C, and against the tools that it stands for. */
import { join } from "node:path";
import { cargoGet, executable, type Laptop } from "../../laptop.ts";
import { awsClis } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { compileNative, compileProgram } from "../floor.ts";
import { attempt, report, reportRatio, rounds, skip } from "../report.ts";
import { copiesOf, median, parts, type Timed, timeInTurn } from "../timing.ts";

const runs = 102;
const slowRuns = 42;
const npmShimFigure = "npm_shim_added_ms_over_floor_ms";
const awsCliFigure = "awscli_over_helper";
const pythonKeyringFigure = "python_keyring_over_helper";
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

  const overFloor = (figure: string, what: string, one: Timed) =>
    attempt([figure], async () => {
      const [times, floorTimes] = await timeInTurn([one, floor], runs);
      reportRatio(figure, what, times!, "a compiled program that only exits", floorTimes!);
    });
  await overFloor("helper_over_floor", "warm Cargo `get`", helper);
  await overFloor("keyring_over_floor", "warm `keyring get`", keyring);
  const exec = timed("vouch", vouchCopies, ["exec", "--", "/bin/true"]);
  await overFloor("exec_over_floor", "`vouch exec -- /bin/true`", exec);
  await overFloor("prompt_over_floor", "`vouch status --prompt`", timed("vouch", vouchCopies, ["status", "--prompt"]));

  await attempt([npmShimFigure], () => measureNpmShim(laptop, floor));
  await attempt([awsCliFigure], () => measureAwsCli(laptop, helper));
  await attempt([pythonKeyringFigure], () => measurePythonKeyring(laptop, keyring));
  const overNative = (
    figure: string,
    what: string,
    one: Timed,
    program: "round-trip" | "become",
    args: string[] = [],
  ) =>
    attempt([figure], async () => {
      const native = compileNative(folder, program);
      if (native === undefined) return skip(figure, "there is no C compiler that links statically");
      const nativeTimed: Timed = { ...one, commands: [[native, ...args]] };
      const [times, nativeTimes] = await timeInTurn([one, nativeTimed], runs);
      reportRatio(figure, what, times!, `${program}.c`, nativeTimes!);
    });
  await overNative("helper_over_native", "warm Cargo `get`", helper, "round-trip");
  await overNative("exec_over_native", "`vouch exec -- /bin/true`", exec, "become", ["/bin/true"]);
}

async function measureNpmShim(laptop: Laptop, floor: Timed): Promise<void> {
  const shim = join(laptop.shims, "npm");
  const npm = Bun.which("npm", { PATH: (laptop.env["PATH"] ?? "").split(":").slice(1).join(":") });
  if (npm === null) return skip(npmShimFigure, "npm is not installed");
  const { env } = laptop;
  // The floor in the same turn: after npm it finds the processor's caches as the shim does.
  const [shimTimes, npmTimes, floorTimes] = await timeInTurn(
    [{ commands: [[shim, "--version"]], env }, { commands: [[npm, "--version"]], env }, floor],
    runs,
  );
  // Of the differences, not of the times: npm's own time wanders by more than the shim adds.
  const added = shimTimes!.map((time, index) => time - npmTimes![index]!);
  const floors = parts(floorTimes!, rounds).map(median);
  report(
    npmShimFigure,
    parts(added, rounds).map((part, index) => median(part) / floors[index]!),
    `the shim adds ${median(added).toFixed(2)} ms to \`npm --version\` (${median(npmTimes!).toFixed(0)} ms; median of ${runs} pairs); the floor ${median(floorTimes!).toFixed(2)} ms`,
  );
}

async function measureAwsCli(laptop: Laptop, helper: Timed): Promise<void> {
  // The system's first: a shim of pyenv finds its Python anew with each start.
  const found = [...awsClis()].sort((a, b) => Number(b.startsWith("/usr/")) - Number(a.startsWith("/usr/")));
  const silently = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  const aws = found.find((path) => Bun.spawnSync([path, "--version"], { env: laptop.env, ...silently }).success);
  if (aws === undefined) return skip(awsCliFigure, "no AWS CLI on PATH runs with another HOME");
  const args = ["codeartifact", "get-authorization-token", "--domain", names.domain, "--domain-owner", names.account];
  const cli: Timed = { commands: [[aws, ...args]], env: { ...laptop.env, ...awsCredentials(laptop) } };
  const [cliTimes, besides] = await timeInTurn([cli, helper], slowRuns);
  reportRatio(awsCliFigure, "`aws codeartifact get-authorization-token`", cliTimes!, "warm Cargo `get`", besides!);
}

async function measurePythonKeyring(laptop: Laptop, keyring: Timed): Promise<void> {
  const python = "/usr/bin/python3";
  const env = { ...laptop.env, PYTHON_KEYRING_BACKEND: "keyring.backends.null.Keyring" };
  const found = Bun.spawnSync([python, "-c", "import keyring"], { env, stdout: "ignore", stderr: "ignore" });
  if (!found.success) return skip(pythonKeyringFigure, "Debian's python3-keyring is not installed");
  // As /usr/bin/keyring does; the null backend has no password, which is exit code 1.
  const script = "import sys\nfrom keyring.cli import main\ntry:\n  main()\nexcept SystemExit:\n  sys.exit(0)";
  const python3: Timed = { commands: [[python, "-c", script, "get", pypi, "aws"]], env };
  const [pythonTimes, keyringTimes] = await timeInTurn([python3, keyring], slowRuns);
  reportRatio(pythonKeyringFigure, "python3-keyring, null backend", pythonTimes!, "warm `keyring get`", keyringTimes!);
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
