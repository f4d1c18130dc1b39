/**
 * `pnpm`, `pnpx`, `pn` and `pnx` in the shims folder: like `npm`; how the token gets to pnpm depends on its version
 * (hand-over.ts). A line with pnpm's helper (`tokenHelper`) in `~/.npmrc` would make npm warn.
 */
import type { Environment } from "../../base/environment.ts";
import { answerAccountCommand, concernsAccount } from "../npm/account.ts";
import { textOf } from "../npm/guard/files.ts";
import type { Guarded } from "../npm/guard/guard.ts";
import { join } from "../npm/guard/paths.ts";
import { publishesByRole } from "../npm/hand-over/exposure.ts";
import { isOfExec, withoutOuter } from "../npm/hand-over/outer.ts";
import type { Start } from "./hand-over.ts";
import { authIni } from "./own-files.ts";
import { findShim } from "../shims.ts";
import { pnpmVersion, readsLiteral, type RealPnpm } from "./version.ts";
import { routes } from "../../agent/protocol.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import { complain, complainOf, exitWith } from "../../helper/output.ts";
import type { Purpose } from "../../base/purpose.ts";
import { tokenVariables } from "../npm/shim.ts";
import { purposeOf } from "../publishing.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";

/**
 * Commands of pnpm 9 to 11 that may contact a registry, including those it delegates to npm. Every other word is a
 * script or a program of the project (`pnpm build`), which gets no token.
 */
const registryCommands =
  "add install i ci clean-install ic install-clean install-test it update up upgrade remove uninstall rm un uni " +
  "unlink dislink link ln dedupe fetch import prune deploy audit outdated publish unpublish stage dlx create init " +
  "patch patch-commit patch-remove self-update runtime rt with store view info show v access deprecate undeprecate " +
  "dist-tag dist-tags owner owners ping search s se find whoami profile token star stars unstar team login adduser " +
  "logout bugs issues docs home repo";

/** Words before the command: forms for a workspace, and "no script of that name" (pnpm 11). */
const prefixes = "recursive multi m pm";

/** Commands that start programs of the project. */
const scriptCommands = "run run-script exec test t tst start stop restart rebuild rb";

/** Options before the command that take no value. */
const flags =
  "-r --recursive -w --workspace-root -s --silent -h --help -v --version --parallel --stream --aggregate-output --color " +
  "--no-color --use-stderr --if-present --yes -y --fail-if-no-match --include-workspace-root --ignore-workspace";

/** Options with a value, as pnpm parses a command line before it knows the command. */
const valuedOptions =
  "-C --dir -F --filter --filter-prod --loglevel --prefix --reporter --test-pattern --changed-files-ignore-pattern " +
  "--npmrc-auth-file --pm-on-fail --registry --cache-dir --store-dir --state-dir --lockfile-dir --modules-dir " +
  "--virtual-store-dir --global-dir --global-bin-dir --global-pnpmfile --pnpmfile --npm-path --cpu --os --libc " +
  "--child-concurrency --network-concurrency --workspace-concurrency --fetch-retries --fetch-retry-factor " +
  "--fetch-retry-maxtimeout --fetch-retry-mintimeout --fetch-timeout --https-proxy --proxy --noproxy --node-linker " +
  "--package-import-method --hoist-pattern --public-hoist-pattern --save-catalog-name --save-prefix --trust-policy";

/** Commands that pnpm before 11 leaves to npm; what it publishes it packs itself. */
const leftToNpm =
  "access deprecate undeprecate dist-tag dist-tags owner owners ping search s se find whoami profile token star stars " +
  "unstar team login adduser logout bugs issues docs home repo publish unpublish view info show v";

/** Becomes the real command of that name; without a session it warns in one line and continues without a token. */
export async function runPnpmShim(name: string, args: string[]): Promise<number> {
  try {
    const file = findRealCommand(name);
    const start = await pnpmStart(name, args, file);
    if (file !== undefined && start.shot !== undefined) return await start.shot.become(file, start.args, start.env);
    return await becomeRealCommand(name, file, start.args, start.env);
  } catch (error) {
    exitWith(error);
  }
}

async function pnpmStart(name: string, args: string[], file: string | undefined): Promise<Start> {
  const env = await withoutOuter(process.env);
  if (!pnpmAsksRegistry(name, args)) return { args, env };
  const { command = "", options } = readPnpm(args);
  if (!isDlx(name) && concernsAccount(command)) {
    const line = await answerAccountCommand("pnpm", command, Object.fromEntries(options));
    if (line !== undefined) complain(line);
  }
  const version = file === undefined ? undefined : await pnpmVersion(file, env);
  const npmPath = isDlx(name) ? undefined : npmShimFor(command, version, env);
  const purpose = pnpmPurpose(name, args);
  // For publishing its helper asks, or the npm that it starts.
  const variables = await tokenVariables(name, isOfExec(env) ? purpose : "read");
  const guarded = await guardPnpm(name, variables, args, env, version);
  for (const objection of guarded.objections) complain(objection);
  if (guarded.bare === undefined || file === undefined || isOfExec(env)) return { args, env: guarded.env };
  if (purpose === "publish") await refuseWithoutTerminal(args, env, version);
  const { handToPnpm } = await import("./hand-over.ts");
  const userConfigs = namedIn(options, ...userConfigOptions);
  const isForNpm = !isDlx(name) && npmPath === undefined && has(leftToNpm, command);
  const start = await handToPnpm({ args, env, variables, userConfigs, isForNpm, version, purpose, guarded });
  return npmPath === undefined ? start : { ...start, env: { ...start.env, [npmPathVariable]: npmPath } };
}

/** Whether this pnpm shows what its helper says, or leaves publishing to npm, whose shim says it. */
function saysItself(version: RealPnpm): boolean {
  return version === undefined || version === "corepack" || version.major < 12;
}

/**
 * Where nobody can be asked for a touch. Throws `touch_needed` if the command certainly goes to an endpoint
 * that needs one; else says why nothing will be published there, unless pnpm shows its helper's words.
 */
async function refuseWithoutTerminal(args: string[], env: Environment, version: RealPnpm): Promise<void> {
  const { mayAsk } = await import("../../helper/touch.ts");
  if (mayAsk() || !(await publishesByRole())) return;
  const { needsTokenOf } = await import("../npm/registry-of-command.ts");
  const urls = await registriesOf(args, env);
  try {
    const { failed = [] } = await ask(routes.tokens, { format: "npm", purpose: "publish" });
    const untouched = failed.filter(({ error }) => error.code === "touch_needed");
    const endpoints = untouched.map(({ endpoint }) => endpoint);
    if (endpoints.length > 0 && (await needsTokenOf(urls, endpoints))) throw VouchError.fromWire(untouched[0]!.error);
    if (!saysItself(version)) complainOf(failed);
  } catch (error) {
    const failed = VouchError.from(error);
    if (failed.code === "touch_needed" && (await needsTokenOf(urls))) throw failed;
    if (!saysItself(version)) complain(failed);
  }
}

/** As `publishRegistries`. */
async function registriesOf(args: string[], env: Environment): Promise<string[] | undefined> {
  const { command = "", options } = readPnpm(args);
  const elsewhere = ["-C", "--dir", "-F", "--filter", "--filter-prod", "--prefix"];
  if (namedIn(options, ...elsewhere).length > 0) return undefined;
  if (args.some((word) => /^(-r|--recursive)$/.test(word))) return undefined;
  // It may name registries, too.
  if (/registr/i.test(textOf(join(process.cwd(), "pnpm-workspace.yaml"), () => {}) ?? "")) return undefined;
  const words = args.slice(args.indexOf(command) + 1).filter((word) => !word.startsWith("-"));
  const { publishRegistries } = await import("../npm/registry-of-command.ts");
  return publishRegistries({ command, words, registries: namedIn(options, "--registry") }, env);
}

const npmPathVariable = "npm_config_npm_path";

/**
 * The shim of npm, for a pnpm that leaves the command to npm: it looks for one beside Node.js first, which would find no
 * token. Undefined for another pnpm, or if the user names an npm.
 */
function npmShimFor(command: string, version: RealPnpm, env: Environment): string | undefined {
  const isOlder = version === "corepack" || (version !== undefined && version.major < 11);
  if (!isOlder || !has(leftToNpm, command) || env[npmPathVariable]) return undefined;
  return findShim("npm", env);
}

const userConfigOptions = ["--userconfig", "--npmrc-auth-file"];

function namedIn(options: Map<string, string>, ...names: string[]): string[] {
  return names.flatMap((option) => options.get(option) ?? []);
}

/** What the command does with the registry. */
function pnpmPurpose(name: string, args: string[]): Purpose {
  const { command } = readPnpm(args);
  if (isDlx(name) || command === undefined) return "read";
  return purposeOf("pnpm", args.slice(args.indexOf(command)));
}

/** Whether the command may contact a registry with these arguments. */
export function pnpmAsksRegistry(name: string, args: string[]): boolean {
  return isDlx(name) || asksRegistry(args);
}

/** The environment for pnpm with the tokens in `variables`, and the guard's objections; `real` is the pnpm on PATH. */
export async function guardPnpm(
  name: string,
  variables: Record<string, string>,
  args: string[],
  env: Environment,
  real: RealPnpm,
): Promise<Guarded> {
  const { command = "", options } = isDlx(name)
    ? { command: "dlx", options: new Map<string, string>() }
    : readPnpm(args);
  const { guard } = await import("../npm/guard/guard.ts");
  return guard({
    tool: "pnpm",
    variables,
    args,
    folders: namedIn(options, "-C", "--dir", "--prefix", "--lockfile-dir"),
    userConfigs: namedIn(options, ...userConfigOptions),
    ownFiles: [authIni(env)],
    publishes: ["publish", "stage", "pack"].includes(command),
    env,
    isLiteral: (packageManagers) => command !== "with" && readsLiteral(real, packageManagers, env),
  });
}

const isDlx = (name: string) => name === "pnpx" || name === "pnx";

/**
 * Whether pnpm may contact a registry with these arguments. An unknown option may or may not take a value: a line that
 * could start a script is treated as one that does.
 */
export function asksRegistry(args: string[]): boolean {
  const { command = "" } = readPnpm(args);
  const { command: other = "" } = readPnpm(args, true);
  return has(registryCommands, command) && !has(scriptCommands, other);
}

/** The command, and the values of the options before and after it. */
function readPnpm(args: string[], takeUnknown = false): { command: string | undefined; options: Map<string, string> } {
  const options = new Map<string, string>();
  let command: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    const [option = "", value] = word.startsWith("-") ? splitOnce(word) : [];
    if (word === "--") {
      command ??= args[index + 1];
      break;
    }
    if (value !== undefined) options.set(option, value);
    else if (has(valuedOptions, option)) options.set(option, args[++index] ?? "");
    else if (option !== "" && takeUnknown && command === undefined && !has(flags, option)) index++;
    else if (option === "" && command === undefined && !has(prefixes, word)) command = word;
  }
  return { command, options };
}

function splitOnce(word: string): [string, string?] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function has(list: string, word: string): boolean {
  return list.split(" ").includes(word);
}
