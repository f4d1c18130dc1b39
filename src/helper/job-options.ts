/**
 * Options of a job in CI. Each is an alias of an environment variable and is written to the environment, so that this
 * process and the helpers of its children read the same value.
 */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { jobVariables } from "../base/job-variables.ts";

/**
 * Removes the options at the front of the arguments and sets their variables in `env`; `rest` starts at the first
 * argument that is not one. `--repository` may be repeated; `--debug` is accepted among them. Throws `usage` if a value
 * is missing; its hint names the help of `command`.
 */
export function takeJobOptions(
  words: string[],
  env: Environment,
  command: string,
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
    if (!isJobOption(option)) return { rest: words.slice(index), given };
    const variable = jobVariables[option];
    const value = equals < 0 ? words[++index] : word.slice(equals + 1);
    if (!value || value.startsWith("--")) {
      throw new VouchError("usage", `${option} expects a value.`, { hint: `See \`${command} --help\`.` });
    }
    const again = option === "--repository" && given.includes(option);
    env[variable] = again ? `${env[variable]},${value}` : value;
    given.push(option);
  }
  return { rest: [], given };
}

function isJobOption(option: string): option is keyof typeof jobVariables {
  return Object.hasOwn(jobVariables, option);
}
