/**
 * A user configuration in npm's format that holds the tokens themselves, for tools that read it once and take none from
 * their environment. The user's own one becomes the global one, which programs that they start then read.
 */
import type { Environment } from "../../base/environment.ts";
import { inheritedAt } from "../../helper/inherited-file.ts";
import type { EndpointToken } from "../../helper/tokens.ts";
import { textOf } from "./guard/files.ts";
import { join } from "./guard/paths.ts";

/** The path of the user's own file; that of an outer command, whose file has been read, is passed over. */
export function ownUserConfig(env: Environment): string {
  const named = valueOf(env, "userconfig");
  if (named === undefined) return join(env["HOME"] ?? "/", ".npmrc");
  return inheritedAt(named) !== undefined
    ? (valueOf(env, "globalconfig") ?? join(env["HOME"] ?? "/", ".npmrc"))
    : named;
}

/** The user's own settings with these lines before the first section, and the tokens. */
export function userConfigText(own: string, lines: readonly string[], endpoints: readonly EndpointToken[]): string {
  const tokens = endpoints.flatMap(({ endpoint, token }) => {
    const address = `${endpoint.slice(endpoint.indexOf("//")).replace(/\/$/, "")}/`;
    return [`${address}:_authToken=${JSON.stringify(token)}`, `${address}:always-auth=true`];
  });
  return withLines(textOf(own, () => {}) ?? "", [...lines, ...tokens]);
}

/** The text with these lines before its first section. */
export function withLines(text: string, lines: readonly string[]): string {
  const section = /^[ \t]*\[[^\]\n]*\][ \t]*\r?$/m.exec(text)?.index ?? text.length;
  return `${text.slice(0, section).replace(/\n?$/, "\n")}${lines.join("\n")}\n${text.slice(section)}`;
}

/** The environment in which that file is the user's. */
export function withUserConfig(env: Environment, path: string, own: string): Environment {
  const rest = Object.entries(env).filter(([name]) => !/^npm_config_userconfig$/i.test(name));
  const globalConfig = valueOf(env, "globalconfig") === undefined ? { npm_config_globalconfig: own } : {};
  return { ...Object.fromEntries(rest), npm_config_userconfig: path, ...globalConfig };
}

function valueOf(env: Environment, key: string): string | undefined {
  const name = Object.keys(env).findLast((each) => each.toLowerCase() === `npm_config_${key}` && env[each]);
  return name === undefined ? undefined : env[name];
}
