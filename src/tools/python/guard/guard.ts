/**
 * The check before pip starts with tokens in reach: by the shim `pip`, or by `vouch exec` with the tokens in the
 * environment.
 */
import type { Environment } from "../../../base/environment.ts";
import { VouchError } from "../../../base/errors.ts";
import { askersAbove } from "../../../base/process/calling-processes.ts";
import { checkedPipVariables } from "./checked.ts";
import { isUv, mentionsOfPipCommand, pipArguments, programsOfPip } from "../project/clients.ts";
import { mentionsOfEnvironments } from "../project/environments.ts";
import { mentionsOfInherited } from "./inherited-variables.ts";
import { judge, type Verdict } from "./judge.ts";
import type { Mention } from "../project/mentions.ts";
import { mentionsOfPip } from "../project/requirement-files.ts";
import { secretsIn } from "./secrets.ts";

/**
 * Judges a command line of pip and additional URLs. `programs` are pip's own file and its interpreter, as far as they
 * are known (a name is looked up on PATH). The current folder is pip's. Throws `project_untrusted` if a token would go
 * elsewhere, or, with tokens in the environment, if that cannot be known.
 */
export async function guardPip(
  programs: readonly string[],
  args: readonly string[],
  env: Environment,
  urls: readonly string[] = [],
): Promise<Verdict> {
  const secrets = secretsIn(env);
  const cwd = process.cwd();
  const mentions = [
    ...mentionsOfInherited(askersAbove(), env),
    ...mentionsOfEnvironments(programs, args, cwd, env),
    ...mentionsOfPipCommand(args, cwd, env, secrets),
  ];
  const verdict = await judgeOrDoubt(mentions, urls);
  throwIfRefused(verdict, secrets.values.length > 0);
  return verdict;
}

/** If the agent or the settings cannot be read, pip continues without a token. */
async function judgeOrDoubt(mentions: readonly Mention[], urls: readonly string[]): Promise<Verdict> {
  try {
    return await judge(mentions, urls);
  } catch (error) {
    const doubt = VouchError.from(error);
    if (mentions.some(({ kind }) => kind === "secret")) throw doubt;
    return { doubt, hosts: [], configured: new Set() };
  }
}

/**
 * For `vouch exec`: judges the command if it is pip or uv, before it receives the tokens. `env` is its environment.
 * Returns additional variables. Throws as `guardPip`.
 */
export async function guardCommand(words: readonly string[], env: Environment): Promise<Record<string, string>> {
  const args = isUv(words) ? undefined : pipArguments(words);
  if (args !== undefined) return checkedPipVariables(await guardPip(programsOfPip(words), args, env), false);
  if (!isUv(words)) return {};
  const secrets = secretsIn(env);
  throwIfRefused(await judge(mentionsOfPip(words.slice(1), process.cwd(), env, secrets)), secrets.values.length > 0);
  return {};
}

function throwIfRefused({ refusal, doubt }: Verdict, hasSecrets: boolean): void {
  const error: VouchError | undefined = refusal ?? (hasSecrets ? doubt : undefined);
  if (error !== undefined) throw error;
}
