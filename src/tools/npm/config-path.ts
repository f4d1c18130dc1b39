/** Where npm reads the user's configuration from. */
import { join, resolve } from "node:path";
import { homeFolder } from "../../base/system/home.ts";

/** npm's file of the user. https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#per-user-config-file */
export function npmConfigPath(env: Record<string, string | undefined> = process.env): string {
  // npm takes these names in any case; as it reads them, the last one wins.
  const name = Object.keys(env).findLast((key) => key.toLowerCase() === "npm_config_userconfig" && env[key]);
  return name ? resolve(env[name]!) : join(homeFolder(env), ".npmrc");
}
