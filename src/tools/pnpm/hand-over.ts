/**
 * Decides how pnpm gets its tokens. From 11 on it asks a helper of Vouch's, which a file names that stands in for the
 * user's own one; it reads that several times, and there is no secret in it. 9 and 10 read npm's global file, the pipe.
 * Else by variables, with a line that says who can read those.
 */
import type { Environment } from "../../base/environment.ts";
import type { Purpose } from "../../base/purpose.ts";
import { inheritedFile } from "../../helper/inherited-file.ts";
import type { OneShot } from "../../helper/one-shot.ts";
import { complain } from "../../helper/output.ts";
import { stableExecutable } from "../executable.ts";
import { textOf } from "../npm/guard/files.ts";
import { type Guarded, readSettings, userFiles } from "../npm/guard/guard.ts";
import { dirname, resolve } from "../npm/guard/paths.ts";
import { addressesOf } from "../npm/guard/token-variables.ts";
import { exposed, Exposure, exposureBy } from "../npm/hand-over/exposure.ts";
import { pipeTokens } from "../npm/hand-over/pipe.ts";
import { globalConfigPath } from "../npm/hand-over/program.ts";
import { withLines } from "../npm/user-config.ts";
import { ownNpmrc } from "./own-files.ts";
import { fileOption, type RealPnpm, readsGlobalFile } from "./version.ts";

export interface PnpmHandOver {
  args: string[];
  env: Environment;
  variables: Record<string, string>;
  /** Files that options name in place of the user's own. */
  userConfigs: string[];
  /** Whether a pnpm before 11 leaves the command to an npm that no shim of ours stands before. */
  isForNpm: boolean;
  version: RealPnpm;
  purpose: Purpose;
  guarded: Guarded;
}

/** What pnpm is started with. */
export interface Start {
  args: string[];
  env: Environment;
  shot?: OneShot;
}

/** The arguments, the environment and the pipe, if there is one, to be used at once. */
export async function handToPnpm(request: PnpmHandOver): Promise<Start> {
  const { args, guarded } = request;
  // What npm only reads or marks for pnpm runs no code of packages.
  if (request.isForNpm && !guarded.isLiteral && request.purpose === "read") return { args, env: guarded.env };
  const start = exposureBy(guarded.stronger) ?? (guarded.isLiteral ? byHelper(request) : byPipe(request));
  if (!(start instanceof Exposure)) return start;
  const { env, line } = await exposed(start, { ...request, tool: "pnpm" });
  complain(line);
  return { args, env };
}

function byPipe({ args, env, variables, userConfigs, isForNpm, version, guarded }: PnpmHandOver): Start | Exposure {
  if (isForNpm)
    return new Exposure("it starts npm, and no shim of npm's is set up.", "Run `vouch setup codeartifact`.");
  if (!readsGlobalFile(version, guarded.packageManagers, env)) return ofVersion(version, guarded);
  const user = readSettings(userFiles({ env, userConfigs }).user, env);
  const piped = pipeTokens({ env: guarded.bare!, variables, globalConfig: globalConfigPath([], env), user });
  return piped instanceof Exposure ? piped : { args, ...piped };
}

function ofVersion(version: RealPnpm, { packageManagers }: Guarded): Exposure {
  const named = packageManagers.find((one) => one.startsWith("pnpm@"));
  const real =
    version === "corepack"
      ? "corepack"
      : version === undefined
        ? "a pnpm of unknown version"
        : `pnpm ${version.version}`;
  const why = named === undefined ? `this is ${real}.` : `the project names ${named}, which ${real} starts.`;
  return new Exposure(why, "From a pnpm 9 to 12 that is itself the one that the project names Vouch keeps it.");
}

/** What pnpm takes in a helper's line: white space parts the words, and no quotes or references are allowed. */
const usable = /^[^\s$%\\`"']+$/;

function byHelper({ args, env, variables, userConfigs, version, purpose, guarded }: PnpmHandOver): Start | Exposure {
  if (userConfigs.length > 0) {
    const why = "the command line names the user's file, in whose place pnpm would have to read another.";
    return new Exposure(why, "Set pnpm_config_npmrc_auth_file in its place.");
  }
  const option = fileOption(version, guarded.packageManagers);
  if (option === undefined) return ofVersion(version, guarded);
  const executable = stableExecutable(env);
  if (!usable.test(executable)) return new Exposure(`pnpm cannot start ${executable}.`, "Move it to a plain path.");
  const helper = `${executable} credential codeartifact${purpose === "publish" ? " --purpose publish" : ""} --endpoint`;
  const lines = addressesOf(variables).map((address) => `//${address}:tokenHelper=${helper} https://${address}`);
  const own = ownNpmrc(env);
  // pnpm looks for it beside the file that names it.
  const authority = readSettings([own], env).findLast(({ key }) => key === "cafile")?.value;
  if (authority && !/^[/$~]/.test(authority)) lines.push(`cafile=${resolve(dirname(own), authority)}`);
  const path = inheritedFile(withLines(textOf(own, () => {}) ?? "", lines), "always");
  if (path === undefined) return new Exposure("this system has no file for it.", "On Linux Vouch keeps it from them.");
  return { args: [`${option}=${path}`, ...args], env: guarded.bare! };
}
