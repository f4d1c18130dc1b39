/**
 * The options of a job without an agent. Each is another spelling of a variable: it is put into the environment, so that
 * what this process asks, and the helpers of what it starts, find the same.
 */
import { VouchError } from "../base/errors.ts";

/** Each option with its variable. */
export const jobVariables: Readonly<Record<string, string>> = {
  "--identity": "VOUCH_IDENTITY",
  "--audience": "VOUCH_AUDIENCE",
  "--id-token-variable": "VOUCH_ID_TOKEN_VARIABLE",
  "--profile": "VOUCH_AWS_PROFILE",
  "--role": "VOUCH_ROLE",
  "--region": "VOUCH_REGION",
  "--domain": "VOUCH_DOMAIN",
  "--domain-owner": "VOUCH_DOMAIN_OWNER",
  "--repository": "VOUCH_REPOSITORY",
};

/**
 * Takes the options off the front of the words and sets their variables in `env`; `rest` begins with the first word that
 * is none of them. `--repository` may be given several times, and `--debug` stands among them. Throws `usage` for one without its value.
 */
export function takeJobOptions(
  words: string[],
  env: Record<string, string | undefined>,
): { rest: string[]; given: string[] } {
  const given: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--debug") {
      env["VOUCH_DEBUG"] = "1";
      continue;
    }
    const equals = word.indexOf("=");
    const option = equals < 0 ? word : word.slice(0, equals);
    const variable = Object.hasOwn(jobVariables, option) ? jobVariables[option]! : undefined;
    if (variable === undefined) return { rest: words.slice(index), given };
    const value = equals < 0 ? words[++index] : word.slice(equals + 1);
    if (!value || value.startsWith("--")) {
      throw new VouchError("usage", `${option} expects a value.`, { hint: "See `vouch exec --help`." });
    }
    const again = option === "--repository" && given.includes(option);
    env[variable] = again ? `${env[variable]},${value}` : value;
    given.push(option);
  }
  return { rest: [], given };
}
