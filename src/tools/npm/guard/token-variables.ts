/** The variables by which npm and pnpm are given tokens, so that a project's configuration file cannot name them. */

type Environment = Record<string, string | undefined>;

const prefix = "npm_config_//";

/** How the tool finds its token: npm by a name that cannot be guessed, pnpm by the plain one, pnpm 11 also as it is. */
export type TokenForm = "npm" | "pnpm" | "pnpm literal";

/**
 * The variables with each npm token moved into a variable of a random name, `npm_config_//HOST/PATH/:_authToken` being a
 * reference to it. npm and pnpm before 11 replace `${NAME}` in their own variables as in files, once: a project's
 * `${npm_config_//…}` gives the reference, never the token.
 *
 * npm hands such a setting on to an npm that it starts in the clone of a dependency in git, which replaces it once more;
 * and the clone has settings that nobody has looked at. As npm replaces variables in names too, for npm the name is a
 * reference as well: `npm_config_//${RANDOM}:_authToken`.
 *
 * pnpm 11 and later get `pnpm_config_//…` too (`pnpm literal`): they replace nothing in variables. Some of them do in a
 * project's files, where the name of such a variable is refused.
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
      // npm 12 knows the key by its end.
      concealed[`${holder}_NAME`] = variable.slice(prefix.length, variable.lastIndexOf(":"));
      concealed[`${prefix}\${${holder}_NAME}${variable.slice(variable.lastIndexOf(":"))}`] = `\${${holder}}`;
      continue;
    }
    concealed[variable] = `\${${holder}}`;
    if (form === "pnpm literal") concealed[`p${variable}`] = value;
  }
  return concealed;
}

/** Whether a text refers to a variable of the kind above, or to one whose name another variable completes. */
export function refersToToken(text: string): boolean {
  return /\$\{[^{}]*(?:npm_config_\/\/|\$\{)/i.test(text);
}

/** The hosts that the variables hold tokens for. */
export function hostsOf(variables: Record<string, string>): string[] {
  const names = Object.keys(variables).filter((name) => name.startsWith(prefix));
  return [...new Set(names.map((name) => name.slice(prefix.length, name.indexOf("/", prefix.length))))];
}

/**
 * The environment without the variables that hold one of the tokens (their names can be guessed), and without what an
 * outer command was given in place of these.
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
