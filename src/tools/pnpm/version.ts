/**
 * The version of pnpm that will read its token: before 11 it reads npm's global file and expands references in variables;
 * later ones ask a helper, and read variables literally.
 */
import type { Environment } from "../../base/environment.ts";
import { trace } from "../../base/trace.ts";
import { dirname, join } from "../npm/guard/paths.ts";

/**
 * The program behind the name on PATH: a version of pnpm, or corepack, which runs the version that the project names.
 */
export type RealPnpm = { major: number; version: string } | "corepack" | undefined;

/** Reads the manifest beside the executable; without one, runs the executable, outside of the project. */
export async function pnpmVersion(file: string, env: Environment): Promise<RealPnpm> {
  const { realpath } = await import("node:fs/promises");
  const real = await realpath(file).catch(() => file);
  for (const folder of [dirname(real), dirname(dirname(real))]) {
    const manifest = (await Bun.file(join(folder, "package.json"))
      .json()
      .catch(() => undefined)) as { name?: unknown; version?: unknown } | undefined;
    if (manifest?.name === "corepack") return "corepack";
    if (/^(pnpm|@pnpm\/.*exe.*)$/.test(String(manifest?.name))) return parseMajor(manifest?.version);
  }
  trace("program", `${file} --version`);
  try {
    const options = { cwd: "/", env, stdin: "ignore", stderr: "ignore", timeout: 10_000 } as const;
    return parseMajor(Bun.spawnSync([file, "--version"], options).stdout.toString());
  } catch {
    return undefined;
  }
}

/**
 * Whether it is certainly a pnpm that expands nothing in a project's credentials: 11 or later, and no manifest that
 * makes it run an older one. For corepack the manifest decides.
 */
export function readsLiteral(real: RealPnpm, packageManagers: string[], env: Environment): boolean {
  const named = packageManagers.filter((one) => one.startsWith("pnpm@")).map((one) => parseMajor(one.slice(5))?.major);
  if (named.some((major) => major === undefined || major < 11)) return false;
  if (real === "corepack") return named.length > 0 && !env["COREPACK_ENABLE_PROJECT_SPEC"];
  return real !== undefined && real.major >= 11;
}

/**
 * Whether it is certainly a pnpm that reads npm's global file once, at its start: 9 or 10, and no manifest that makes it
 * run another one, which would find nothing there. For corepack the manifest decides.
 */
export function readsGlobalFile(real: RealPnpm, packageManagers: string[], env: Environment): boolean {
  const named = packageManagers.filter((one) => one.startsWith("pnpm@")).map((one) => one.slice(5));
  const emptiesPipe = (version: string | undefined): boolean => /^(?:9|10)\./.test(version ?? "");
  if (real === "corepack") {
    return named.length > 0 && named.every(emptiesPipe) && !env["COREPACK_ENABLE_PROJECT_SPEC"];
  }
  return emptiesPipe(real?.version) && named.every((range) => Bun.semver.satisfies(real!.version, range));
}

/** How the command line names the file in npm's format, by the major. */
const fileOptions: Readonly<Record<number, string>> = { 11: "--config.npmrc-auth-file", 12: "--npmrc-auth-file" };

/** The option by which this pnpm, and what it starts in its place, takes another file for the user's; undefined if none. */
export function fileOption(real: RealPnpm, packageManagers: string[]): string | undefined {
  const named = packageManagers.filter((one) => one.startsWith("pnpm@")).map((one) => parseMajor(one.slice(5))?.major);
  const [major, ...others] = new Set([...named, ...(typeof real === "object" ? [real.major] : [])]);
  return major === undefined || others.length > 0 ? undefined : fileOptions[major];
}

function parseMajor(version: unknown): { major: number; version: string } | undefined {
  const [, whole, major] = /^\s*[v^~>=]*((\d+)(?:\.[\w.-]*|\s*$))/.exec(String(version)) ?? [];
  return whole === undefined ? undefined : { major: Number(major), version: whole.trim() };
}
