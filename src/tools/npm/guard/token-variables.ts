/** Variables that pass tokens to npm and pnpm under names that a project's configuration file cannot reference. */
import type { Environment } from "../../../base/environment.ts";

const prefix = "npm_config_//";

/** How the tool finds its token: npm by an unguessable name, pnpm by the plain one, pnpm 11 also as a literal. */
export type TokenForm = "npm" | "pnpm" | "pnpm literal";

/**
 * Moves each npm token into a variable with a random name; `npm_config_//HOST/PATH/:_authToken` becomes a reference to
 * it. npm and pnpm before 11 expand `${NAME}` once, in variables as in files: a project's `${npm_config_//…}` yields
 * the reference, never the token.
 *
 * npm passes such a setting on to the npm that it starts in the clone of a git dependency, which expands it once more;
 * and the clone's settings have not been checked. npm expands variables in names as well, so for npm the name itself is
 * a reference: `npm_config_//${RANDOM}:_authToken`.
 *
 * pnpm 11 and later receive `pnpm_config_//…` as well (`pnpm literal`): they expand nothing in variables. Some versions
 * do in a project's files, where the name of such a variable is refused.
 */
export function concealTokens(variables: Record<string, string>, form: TokenForm = "pnpm"): Record<string, string> {
  const concealed: Record<string, string> = {};
  const name = `VOUCH_${crypto.randomUUID().replaceAll("-", "")}`;
  let count = 0;
  for (const [variable, value] of Object.entries(variables)) {
    if (!variable.startsWith(prefix)) {
      concealed[variable] = value;
      continue;
    }
    const holder = `${name}_${count++}`;
    concealed[holder] = value;
    if (form === "npm") {
      // npm 12 recognizes the key by its end.
      concealed[`${holder}_NAME`] = variable.slice(prefix.length, variable.lastIndexOf(":"));
      concealed[`${prefix}\${${holder}_NAME}${variable.slice(variable.lastIndexOf(":"))}`] = `\${${holder}}`;
      continue;
    }
    concealed[variable] = `\${${holder}}`;
    if (form === "pnpm literal") concealed[`p${variable}`] = value;
  }
  return concealed;
}

/** Whether a text references such a variable, or one whose name another variable completes. */
export function refersToToken(text: string): boolean {
  return /\$\{[^{}]*(?:npm_config_\/\/|\$\{)/i.test(text);
}

/** The tokens as lines of an `.npmrc`. */
export function tokenLines(variables: Record<string, string>): string[] {
  return Object.entries(variables).flatMap(([name, token]) =>
    name.startsWith(prefix) ? [`${name.slice(prefix.length - 2)}=${JSON.stringify(token)}`] : [],
  );
}

/** What the variables hold tokens for, as HOST/PATH/. */
export function addressesOf(variables: Record<string, string>): string[] {
  const names = Object.keys(variables).filter((name) => name.startsWith(prefix));
  return names.map((name) => name.slice(prefix.length, name.lastIndexOf(":")));
}

/** The hosts that the variables hold tokens for. */
export function hostsOf(variables: Record<string, string>): string[] {
  const names = Object.keys(variables).filter((name) => name.startsWith(prefix));
  return [...new Set(names.map((name) => name.slice(prefix.length, name.indexOf("/", prefix.length))))];
}

/**
 * The environment without the variables that hold one of the tokens (whose names can be guessed), and without the
 * variables that an outer command received in their place.
 */
export function withoutTokens(env: Environment, variables: Record<string, string>): Environment {
  const npmVariables = Object.entries(variables).filter(([name]) => name.startsWith(prefix));
  const replaced = new Set(npmVariables.map(([name]) => name.toLowerCase()));
  const isFree = ([name, value]: [string, string | undefined]) =>
    !/^(?:npm_config_\/\/\$\{)?VOUCH_[0-9a-f]{32}_/.test(name) &&
    !replaced.has(name.toLowerCase()) &&
    !npmVariables.some(([, token]) => value?.includes(token));
  return Object.fromEntries(Object.entries(env).filter(isFree));
}
