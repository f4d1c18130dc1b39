/** Path of bun's user configuration file. */
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/** `$XDG_CONFIG_HOME/.bunfig.toml`, else `~/.bunfig.toml`. https://bun.com/docs/runtime/bunfig#global-vs-local */
export function bunConfigPath(env: Environment = process.env): string {
  return join(env["XDG_CONFIG_HOME"] || homeFolder(env), ".bunfig.toml");
}
