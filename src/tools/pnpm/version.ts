/**
 * The major version of pnpm that will read the variables: before 11 it expands references in them, later versions read
 * them literally.
 */
import type { Environment } from "../../base/environment.ts";
import { trace } from "../../base/trace.ts";
import { dirname, join } from "../npm/guard/paths.ts";

/**
 * The program behind the name on PATH: a version of pnpm, or corepack, which runs the version that the project names.
 */
export type RealPnpm = { major: number } | "corepack" | undefined;

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

function parseMajor(version: unknown): { major: number } | undefined {
  const major = /^\s*[v^~>=]*(\d+)(\.|\s*$)/.exec(String(version))?.[1];
  return major === undefined ? undefined : { major: Number(major) };
}
