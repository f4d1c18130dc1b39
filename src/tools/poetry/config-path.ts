/** Path of poetry's user configuration file. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/**
 * `$POETRY_CONFIG_DIR`, else the platform's configuration folder.
 * https://python-poetry.org/docs/configuration/#config-directory
 */
export function poetryConfigFolder(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env["POETRY_CONFIG_DIR"]) return resolve(env["POETRY_CONFIG_DIR"]);
  const home = homeFolder(env);
  if (platform === "darwin") return join(home, "Library/Application Support/pypoetry");
  const xdg = env["XDG_CONFIG_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(home, ".config"), "pypoetry");
}
