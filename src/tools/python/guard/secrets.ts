/** Finds tokens in an environment: in variables with known names, and in every variable that repeats one. */
import type { Environment } from "../../../base/environment.ts";
import type { Secrets } from "../project/mentions.ts";

const passwordVariable =
  /^(CODEARTIFACT_AUTH_TOKEN|TWINE_PASSWORD|UV_PUBLISH_(PASSWORD|TOKEN)|UV_INDEX_\w+_PASSWORD|POETRY_HTTP_BASIC_\w+_PASSWORD|YARN_NPM_AUTH_TOKEN|npm_config_\/\/.*:_authToken)$/;
const urlVariable = /^((PIP|UV)_(\w+_)?INDEX(_URL)?|PIP_FIND_LINKS|UV_FIND_LINKS)$/;

/** Shorter values are no tokens, and could occur in any line. */
const minLength = 16;

/** The tokens in the package managers' variables, and the names that pip expands to one of them. */
export function secretsIn(env: Environment): Secrets {
  const found = new Set<string>();
  for (const [name, value = ""] of Object.entries(env)) {
    if (passwordVariable.test(name)) found.add(value);
    else if (urlVariable.test(name))
      for (const [, secret] of value.matchAll(/:\/\/[^/\s:@]*:([^/\s@]+)@/g)) found.add(secret!);
    else if (name === "VOUCH_JOB_TOKENS") {
      for (const [, secret] of value.matchAll(/"token":"([^"]+)"/g)) found.add(secret!);
    }
  }
  const values = [...found].filter((value) => value.length >= minLength);
  const names = Object.keys(env).filter((name) => values.some((value) => env[name]?.includes(value)));
  return { values, variables: new Set(names) };
}
