/** Path of pip's user configuration file. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/**
 * pip's user configuration file: `PIP_CONFIG_FILE`, else the current location, else a legacy location if only that
 * exists. https://pip.pypa.io/en/stable/topics/configuration/#location
 */
export function pipConfigPath(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env["PIP_CONFIG_FILE"]) return resolve(env["PIP_CONFIG_FILE"]);
  const home = homeFolder(env);
  const mac = join(home, "Library/Application Support/pip");
  const folder =
    platform === "darwin" && existsSync(mac) ? mac : join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "pip");
  const current = join(folder, "pip.conf");
  const legacy = join(home, ".pip/pip.conf");
  return !existsSync(current) && existsSync(legacy) ? legacy : current;
}
