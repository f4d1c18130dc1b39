/** Path of npm's user configuration file. */
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/** npm's user configuration file. https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#per-user-config-file */
export function npmConfigPath(env: Environment = process.env): string {
  // npm reads these names case-insensitively; the last one wins.
  const name = Object.keys(env).findLast((key) => key.toLowerCase() === "npm_config_userconfig" && env[key]);
  return name ? resolve(env[name]!) : join(homeFolder(env), ".npmrc");
}
