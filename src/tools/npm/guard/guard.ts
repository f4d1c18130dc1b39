/**
 * Gives npm and pnpm their tokens if nothing in the project can send them elsewhere; otherwise reports what prevents
 * it.
 */
import type { Environment } from "../../../base/environment.ts";
import { readFileSync } from "node:fs";
import { VouchError } from "../../../base/errors.ts";
import { findOnPath } from "../../../base/system/path.ts";
import { findUnsafeAddress } from "./addresses.ts";
import { realPath, statusOf } from "./files.ts";
import { localPaths } from "./project/local-specs.ts";
import { dirname, join, resolve } from "./paths.ts";
import { plainHostsIn, plainHttpVariables } from "./plain-http.ts";
import { type Objection, whyUnsafe } from "./objections.ts";
import { examineProject } from "./project/project.ts";
import { environmentSettings, parseNpmrc, replaceVariables, type Setting } from "./settings-text.ts";
import { isStronger } from "./credentials.ts";
import { addressesOf, concealTokens, hostsOf, withoutTokens } from "./token-variables.ts";
import { trustVariables } from "./trust.ts";

export interface GuardRequest {
  tool: "npm" | "pnpm";
  /** `npm_config_//HOST/PATH/:_authToken` of each endpoint, with its token. */
  variables: Record<string, string>;
  args: readonly string[];
  /** Folders that options name in addition to the current one. */
  folders: readonly string[];
  /** Files that options name instead of the user's own. */
  userConfigs?: readonly string[];
  /** Files with credentials that the tool reads besides. */
  ownFiles?: readonly string[];
  /** Whether the command publishes a package. */
  publishes?: boolean;
  env: Environment;
  /** Whether pnpm 11 or later reads the variables, according to the project's manifests. */
  isLiteral?: (packageManagers: string[]) => boolean;
}

export interface Guarded {
  /** The environment with the tokens in variables, or without any if there are objections. */
  env: Environment;
  /** The same without the tokens, for who hands them over otherwise; undefined if there are none. */
  bare?: Environment;
  /** Credentials in files that the tool takes before those of a file of less weight. */
  stronger: Stronger[];
  /** What the project's manifests say of the package manager, and whether `isLiteral` holds for it. */
  packageManagers: string[];
  isLiteral: boolean;
  /** Sentences about files, for the user. */
  objections: VouchError[];
  /** Like objections, but the command continues with the user's own settings. */
  notes: VouchError[];
}

export interface Stronger {
  file: string;
  key: string;
}

/** Checks the project and builds the environment. Unreadable files do not throw. */
export async function guard(request: GuardRequest): Promise<Guarded> {
  const { tool, variables, env, args } = request;
  const hosts = hostsOf(variables);
  const free = withoutTokens(env, variables);
  const nothing = { stronger: [], packageManagers: [], isLiteral: false };
  if (hosts.length === 0) return { env, objections: [], notes: [], ...nothing };
  const files = userFiles(request);
  const [user, global] = [readSettings(files.user, env), readSettings(globalFiles(env), env)];
  const pins: Record<string, string> = tool === "npm" ? trustVariables(env, user, global) : {};
  const here = process.cwd();
  const named = args
    .flatMap((arg) => localPaths(arg, env["HOME"] ?? "/"))
    .filter((path) => statusOf(resolve(here, path)) !== undefined);
  const started = (["npm", "pnpm"] as const).filter((name) => args.some((arg) => arg.split("@")[0] === name));
  const project = await examineProject({
    tool,
    readers: [...new Set([tool, ...started])],
    folders: [here, ...[...request.folders, ...named].map((path) => resolve(here, path))],
    hosts,
    addresses: addressesOf(variables),
    replacedHosts: replacedHosts(pins["npm_config_replace_registry_host"], env),
    env,
    userFiles: files.user,
    publishes: request.publishes ?? false,
  });
  const objections = [
    ...project.objections,
    ...ofCommandLine(args, hosts),
    ...ofUser([...user, ...global], env, hosts),
  ];
  if (objections.length > 0) {
    const refusals = objections.slice(0, 5).map((one) => refusal(tool, one));
    return { env: free, objections: refusals, notes: [], ...nothing };
  }
  const isLiteral = request.isLiteral?.(project.packageManagers) ?? false;
  const form = tool === "npm" ? "npm" : isLiteral ? "pnpm literal" : "pnpm";
  const own = [...global, ...user];
  const ownTexts = [...args, ...[...own, ...environmentSettings(env)].map(({ value }) => value)];
  const plainHosts = new Set([...project.plainHosts, ...ownTexts.flatMap(plainHostsIn)]);
  const barrier = plainHttpVariables({ tool, env, own, hosts, plainHosts });
  const notes = tool === "npm" ? project.overridden.map(({ file, key }) => note(file, key)) : [];
  const bare = { ...free, ...pins, ...barrier };
  return {
    env: { ...bare, ...concealTokens(variables, form) },
    bare,
    stronger: [...project.stronger, ...strongerOfUser([...files.user, ...(request.ownFiles ?? [])], variables, env)],
    packageManagers: project.packageManagers,
    isLiteral,
    objections: [],
    notes,
  };
}

/** The settings of the user's `.npmrc` files; by precedence, the effective value of a key comes last. */
export function readSettings(files: readonly string[], env: Environment): Setting[] {
  return files.toReversed().flatMap((file) => parseNpmrc(textOfOwn(file), env));
}

/** Empty if it cannot be read. A user's file may be a named pipe that a secret manager writes to. */
function textOfOwn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The user's own configuration file. */
export function userFiles({ env, userConfigs = [] }: Pick<GuardRequest, "env" | "userConfigs">): { user: string[] } {
  const named = environmentSettings(env).find(({ key }) => key === "userconfig")?.value;
  const [own = named ?? join(env["HOME"] ?? "/", ".npmrc")] = userConfigs;
  const expanded = replaceVariables(own, env).replace(/^~(?=\/)/, env["HOME"] ?? "");
  return { user: [resolve(process.cwd(), expanded)] };
}

/** Possible paths of npm's global configuration file: below its prefix, which depends on where Node.js is installed. */
export function globalFiles(env: Environment): string[] {
  const settings = environmentSettings(env);
  const named = settings.find(({ key }) => key === "globalconfig")?.value;
  if (named) return [named];
  const prefixes = [settings.find(({ key }) => key === "prefix")?.value, env["PREFIX"]];
  const node = findOnPath("node", env);
  if (node) prefixes.push(dirname(dirname(realPath(node))));
  return prefixes.flatMap((prefix) => (prefix ? [join(prefix, "etc/npmrc")] : []));
}

/**
 * Hosts in lock files that npm replaces by the registry's host, keeping the scheme (`replace-registry-host`): all, one by
 * name or URL, or, by default, that of the public registry, which npm calls `npmjs`.
 */
export function replacedHosts(pinned: string | undefined, env: Environment): string[] {
  const value = pinned ?? environmentSettings(env).find(({ key }) => key === "replace-registry-host")?.value ?? "npmjs";
  if (value === "never") return [];
  if (value === "always") return ["*"];
  return value === "npmjs" ? ["*.npmjs.*"] : [URL.parse(value)?.hostname ?? value.toLowerCase()];
}

function strongerOfUser(files: string[], variables: Record<string, string>, env: Environment): Stronger[] {
  const addresses = addressesOf(variables);
  return files.flatMap((file) =>
    parseNpmrc(textOfOwn(file), env).flatMap(({ key }) => (isStronger(key, addresses) ? [{ file, key }] : [])),
  );
}

function ofCommandLine(args: readonly string[], hosts: string[]): Objection[] {
  return args.flatMap((arg) => {
    const address = findUnsafeAddress(arg, hosts);
    return address === undefined ? [] : [{ file: "The command line", key: address, why: whyUnsafe(address) }];
  });
}

function ofUser(settings: Setting[], env: Environment, hosts: string[]): Objection[] {
  return settings.flatMap(({ key, value }) => {
    const address = key.endsWith("registry") ? findUnsafeAddress(replaceVariables(value, env), hosts) : undefined;
    return address === undefined ? [] : [{ file: "Your own .npmrc", key, why: whyUnsafe(address) }];
  });
}

function refusal(tool: string, { file, key, why, hint }: Objection): VouchError {
  return new VouchError("project_untrusted", `${tool} gets no token here: ${file}: ${key} ${why}.`, {
    hint: hint ?? "Remove it there. What is yours belongs into ~/.npmrc.",
  });
}

function note(file: string, key: string): VouchError {
  return new VouchError("project_untrusted", `${file}: ${key} is passed over while npm has a token.`, {
    hint: "What is yours belongs into ~/.npmrc.",
  });
}
