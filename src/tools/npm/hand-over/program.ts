/** Which npm stands behind a name on PATH, and which files it reads as the machine's. */
import type { Environment } from "../../../base/environment.ts";
import { parseJson, tableOf } from "../../../base/json.ts";
import { findOnPath } from "../../../base/system/path.ts";
import { trace } from "../../../base/trace.ts";
import { realPath, textOf } from "../guard/files.ts";
import { dirname, join, resolve } from "../guard/paths.ts";
import { environmentSettings, parseNpmrc, replaceVariables, type Setting } from "../guard/settings-text.ts";

export interface NpmProgram {
  version: string;
  /** Its global configuration file, which need not exist. */
  globalConfig: string;
}

/**
 * The npm that the program is, by the manifest beside it; a version manager's shim is asked which npm it starts here.
 * Undefined if neither tells. `user` are the settings of the user's own file.
 */
export function npmProgram(file: string, user: readonly Setting[], env: Environment): NpmProgram | undefined {
  const folder = dirname(dirname(realPath(file)));
  const { name, version } = tableOf(parseJson(textOf(join(folder, "package.json"), () => {}) ?? ""));
  if (name !== "npm" || typeof version !== "string") return askedProgram(file, env);
  const builtin = parseNpmrc(textOf(join(folder, "npmrc"), () => {}) ?? "", env);
  return { version, globalConfig: globalConfigPath([...builtin, ...user], env) };
}

/**
 * The path of npm's global configuration file (@npmcli/config): below the prefix, unless something names it. `settings`: of
 * files, by precedence. The command line's `--prefix` is passed over: npm would read a file of the project.
 */
export function globalConfigPath(settings: readonly Setting[], env: Environment): string {
  const valueOf = (key: string): string | undefined => {
    const value = [...settings, ...environmentSettings(env)].findLast((one) => one.key === key && one.value)?.value;
    return value === undefined ? undefined : replaceVariables(value, env).replace(/^~(?=\/)/, env["HOME"] ?? "");
  };
  const path = valueOf("globalconfig") ?? join(valueOf("prefix") ?? usualPrefix(env), "etc/npmrc");
  return resolve(process.cwd(), path);
}

function usualPrefix(env: Environment): string {
  if (env["PREFIX"]) return env["PREFIX"];
  const node = findOnPath("node", env);
  const prefix = node === undefined ? "/usr/local" : dirname(dirname(realPath(node)));
  return env["DESTDIR"] ? join(env["DESTDIR"], prefix) : prefix;
}

/** In the project's folder, which decides what a version manager starts, with the environment that it will have. */
function askedProgram(file: string, env: Environment): NpmProgram | undefined {
  const words = ["config", "get", "globalconfig", "npm-version"];
  trace("program", `${file} ${words.join(" ")}`);
  try {
    const options = { env, stdin: "ignore", stderr: "ignore", timeout: 10_000 } as const;
    const text = Bun.spawnSync([file, ...words], options).stdout.toString();
    const globalConfig = /^globalconfig=(\/.*)$/m.exec(text)?.[1];
    const version = /^npm-version=(\d.*)$/m.exec(text)?.[1];
    return globalConfig === undefined || version === undefined ? undefined : { version, globalConfig };
  } catch {
    return undefined;
  }
}
