/** Path of uv's user configuration file. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/**
 * `UV_CONFIG_FILE`, else `uv/uv.toml` in the user's configuration folder, on macOS too.
 * https://docs.astral.sh/uv/concepts/configuration-files/
 */
export function uvConfigPath(env: Environment = process.env): string {
  if (env["UV_CONFIG_FILE"]) return resolve(env["UV_CONFIG_FILE"]);
  const xdg = env["XDG_CONFIG_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homeFolder(env), ".config"), "uv/uv.toml");
}
