/** Which yarn will run: 1, or 2 and later, which share a name and little else. */
import type { Environment } from "../../base/environment.ts";
import { parseJson, tableOf } from "../../base/json.ts";
import { realPath, textOf } from "../npm/guard/files.ts";
import { dirname, join, resolve } from "../npm/guard/paths.ts";

export type YarnLine = "classic" | "berry";

/**
 * The line of the yarn that the program at `file` becomes in this folder: the project's own one (`yarnPath`), the one
 * that the project names to corepack, or itself. Undefined if nothing says it.
 */
export function yarnLine(file: string, folder: string, env: Environment): YarnLine | undefined {
  const own = env["YARN_IGNORE_PATH"] && env["YARN_IGNORE_PATH"] !== "0" ? undefined : releaseOf(folder);
  if (own !== undefined) return own;
  const real = realPath(file);
  for (const place of [dirname(real), dirname(dirname(real)), dirname(dirname(dirname(real)))]) {
    const { name, version } = manifestIn(place);
    if (name === "corepack") return ofVersion(namedIn(folder) ?? defaultOf(env));
    if (typeof name === "string" && /^(yarn|@yarnpkg\/cli(-dist)?|yarnpkg)$/.test(name)) return ofVersion(version);
  }
  return undefined;
}

/** The line of the release that the nearest `.yarnrc.yml` or `.yarnrc` names, by its file's name, as yarn writes it. */
function releaseOf(folder: string): YarnLine | undefined {
  for (const at of withParents(folder)) {
    for (const [name, pattern] of settings) {
      const path = pattern.exec(textIn(at, name) ?? "")?.[1];
      if (path === undefined) continue;
      const release = resolve(at, path.trim().replaceAll(/^["']|["']$/g, ""));
      return /yarn-v?1\.[^/]*$|yarn-legacy/.test(realPath(release)) ? "classic" : "berry";
    }
  }
  return undefined;
}

const settings = [
  [".yarnrc.yml", /^["']?yarnPath["']?\s*:\s*([^#\n]+)/m],
  [".yarnrc", /^"?yarn-path"?\s+"?([^"\n]+)/m],
] as const;

/** `yarn@4.5.0` in the nearest manifest that says it. */
function namedIn(folder: string): string | undefined {
  for (const at of withParents(folder)) {
    const { packageManager, devEngines } = manifestIn(at);
    if (typeof packageManager === "string") return /^yarn@(.*)/.exec(packageManager)?.[1];
    const { name, version } = tableOf(tableOf(devEngines)["packageManager"]);
    if (name === "yarn" && typeof version === "string") return version;
  }
  return undefined;
}

/** What corepack starts without a project: the version that it has used last, else yarn 1. */
function defaultOf(env: Environment): string {
  const home =
    env["COREPACK_HOME"] ?? join(env["XDG_CACHE_HOME"] ?? join(env["HOME"] ?? "/", ".cache"), "node/corepack");
  const known = tableOf(parseJson(textIn(home, "lastKnownGood.json") ?? ""))["yarn"];
  return typeof known === "string" ? known : "1";
}

function ofVersion(version: unknown): YarnLine {
  return /^\D*1(\.|$)/.test(String(version)) ? "classic" : "berry";
}

function manifestIn(folder: string): Record<string, unknown> {
  return tableOf(parseJson(textIn(folder, "package.json") ?? ""));
}

function textIn(folder: string, name: string): string | undefined {
  return textOf(join(folder, name), () => {});
}

function withParents(folder: string): string[] {
  return folder === "/" ? ["/"] : [folder, ...withParents(dirname(folder))];
}
