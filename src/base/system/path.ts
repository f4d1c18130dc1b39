/**
 * The one search of PATH. Relative and empty entries mean the current folder, which is untrusted: a cloned project
 * could put its own program first. They are never searched. Helpers load this file: at run time it imports nothing.
 */
import type { Environment } from "../environment.ts";

const separator = process.platform === "win32" ? ";" : ":";
const absolute = process.platform === "win32" ? /^([A-Za-z]:)?[\\/]/ : /^\//;

/** The absolute folders of PATH in their order, as they are written there. */
export function pathFolders(env: Environment): string[] {
  return (env["PATH"] ?? "").split(separator).filter((folder) => absolute.test(folder));
}

/** The first executable of that name (no path) on PATH; undefined if there is none. */
export function findOnPath(name: string, env: Environment): string | undefined {
  for (const folder of pathFolders(env)) {
    const found = findIn(folder, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every executable of that name on PATH, in its order. */
export function findAllOnPath(name: string, env: Environment): string[] {
  return pathFolders(env).flatMap((folder) => findIn(folder, name) ?? []);
}

/** The environment with PATH reduced to its absolute folders: for a program whose own look-ups must not find a project's. */
export function withSafePath(env: Environment): Environment {
  return env["PATH"] === undefined ? env : { ...env, PATH: pathFolders(env).join(separator) };
}

/** The executable of that name (no path) in an absolute folder. */
export function findIn(folder: string, name: string): string | undefined {
  // Bun.which takes a name with a slash as a path from the current folder, and throws for one that is too long for a path.
  return name.includes("/") || name.length > 255 ? undefined : (Bun.which(name, { PATH: folder }) ?? undefined);
}
