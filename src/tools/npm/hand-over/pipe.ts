/**
 * Hands tokens to npm, and to pnpm before 11, by their global configuration file: a pipe with the content of the real one
 * and the tokens, which is empty before a package's code runs. The user's own file stays the one that they read and write.
 */
import type { Environment } from "../../../base/environment.ts";
import { oneShot, type OneShot } from "../../../helper/one-shot.ts";
import { textOf } from "../guard/files.ts";
import { parseNpmrc, type Setting } from "../guard/settings-text.ts";
import { tokenLines } from "../guard/token-variables.ts";
import { withLines } from "../user-config.ts";
import { Exposure } from "./exposure.ts";
import { globalConfigVariable, ownGlobalConfigVariable } from "./outer.ts";

export interface PipeRequest {
  /** The environment without tokens. */
  env: Environment;
  /** `npm_config_//HOST/PATH/:_authToken` of each endpoint, with its token. */
  variables: Record<string, string>;
  /** The path of the real global file. */
  globalConfig: string;
  /** The settings of the user's own file. */
  user: readonly Setting[];
}

export interface Piped {
  env: Environment;
  shot: OneShot;
}

/** The pipe, to be used at once, and the environment that names it; or why there is none. */
export function pipeTokens({ env, variables, globalConfig, user }: PipeRequest): Piped | Exposure {
  const own = textOf(globalConfig, () => {}) ?? "";
  const lost = parseNpmrc(own, env).find(
    ({ key }) => isRegistry(key) && !user.some((setting) => setting.key === key && setting.value),
  );
  if (lost !== undefined) {
    // A program of a package's would find the pipe empty, and ask the public registry.
    const why = `${globalConfig} alone names ${lost.key}, which an npm that they start would not find.`;
    return new Exposure(why, `Name it in your own file, too: npm config set ${lost.key} URL`);
  }
  const shot = oneShot(withLines(own, tokenLines(variables)));
  if (shot === undefined) {
    return new Exposure(
      `${globalConfig} does not fit into a pipe.`,
      "Shorten it, or close some of this shell's files.",
    );
  }
  const named = Object.keys(env).find((name) => name.toLowerCase() === globalConfigVariable && env[name]);
  const { [named ?? ""]: ownValue, ...rest } = env;
  const kept = ownValue === undefined ? {} : { [ownGlobalConfigVariable]: ownValue };
  return { env: { ...rest, ...kept, [globalConfigVariable]: shot.path }, shot };
}

function isRegistry(key: string): boolean {
  return key === "registry" || /^@[^:]+:registry$/.test(key);
}
