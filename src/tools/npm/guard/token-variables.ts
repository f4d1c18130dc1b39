/** The variables by which npm and pnpm are given tokens, so that a project's configuration file cannot name them. */

type Environment = Record<string, string | undefined>;

const prefix = "npm_config_//";

/**
 * The variables with each npm token moved into a variable of a random name, `npm_config_//HOST/PATH/:_authToken` being a
 * reference to it. npm and pnpm before 11 replace `${NAME}` in their own variables as in files, once: a project's
 * `${npm_config_//…}` gives the reference, never the token. With `isLiteral` pnpm 11 and later get
 * `pnpm_config_//…` too: they replace nothing in variables. Some of them do in a project's files, where the name of such a
 * variable is refused.
 */
export function concealTokens(variables: Record<string, string>, isLiteral = false): Record<string, string> {
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
    concealed[variable] = `\${${holder}}`;
    if (isLiteral) concealed[`p${variable}`] = value;
  }
  return concealed;
}

/** Whether a text refers to a variable of the kind above. */
export function refersToToken(text: string): boolean {
  return /\$\{[^{}]*npm_config_\/\//i.test(text);
}

/** The hosts that the variables hold tokens for. */
export function hostsOf(variables: Record<string, string>): string[] {
  const names = Object.keys(variables).filter((name) => name.startsWith(prefix));
  return [...new Set(names.map((name) => name.slice(prefix.length, name.indexOf("/", prefix.length))))];
}

/** The environment without the variables that hold one of the tokens: their names can be guessed. */
export function withoutTokens(env: Environment, variables: Record<string, string>): Environment {
  const tokens = Object.entries(variables).flatMap(([name, value]) => (name.startsWith(prefix) ? [value] : []));
  const isFree = ([, value]: [string, string | undefined]) => !tokens.some((token) => value?.includes(token));
  return Object.fromEntries(Object.entries(env).filter(isFree));
}
