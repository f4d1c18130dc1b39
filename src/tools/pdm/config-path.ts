/** Path of PDM's user configuration file. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/** `PDM_CONFIG_FILE`, else `pdm/config.toml` in the user's configuration folder (platformdirs). */
export function pdmConfigPath(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env["PDM_CONFIG_FILE"]) return resolve(env["PDM_CONFIG_FILE"]);
  const home = homeFolder(env);
  if (platform === "darwin") return join(home, "Library/Application Support/pdm/config.toml");
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "pdm/config.toml");
}
