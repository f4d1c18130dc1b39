/** The user's own files that pnpm 11 and later read credentials from. */
import type { Environment } from "../../base/environment.ts";
import { textOf } from "../npm/guard/files.ts";
import { join, resolve } from "../npm/guard/paths.ts";
import { tableOf } from "../../base/json.ts";

/** The file in npm's format: pnpm's variables, its configuration, npm's variable, or `~/.npmrc`. */
export function ownNpmrc(env: Environment): string {
  const variable = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined;
  const path =
    variable("pnpm_config_npmrc_auth_file") ??
    variable("pnpm_config_userconfig") ??
    ofConfiguration(env) ??
    variable("npm_config_userconfig") ??
    "~/.npmrc";
  return resolve(process.cwd(), path.replace(/^~(?=\/)/, env["HOME"] ?? ""));
}

/** The file that `pnpm login` writes. */
export function authIni(env: Environment): string {
  return join(configFolder(env), "auth.ini");
}

function ofConfiguration(env: Environment): string | undefined {
  const text = textOf(join(configFolder(env), "config.yaml"), () => {});
  if (!text?.includes("npmrcAuthFile")) return undefined;
  try {
    const value = tableOf(Bun.YAML.parse(text))["npmrcAuthFile"];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function configFolder(env: Environment): string {
  const home = env["HOME"] ?? "/";
  if (env["XDG_CONFIG_HOME"]) return join(env["XDG_CONFIG_HOME"], "pnpm");
  return join(home, process.platform === "darwin" ? "Library/Preferences/pnpm" : ".config/pnpm");
}
