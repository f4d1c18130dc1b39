/**
 * Token cache of a job: `vouch exec` passes the tokens it has fetched to the helpers of its children in an environment
 * variable (which also holds them for the package managers), so that a build of many commands asks AWS once.
 */
import * as v from "valibot";
import type { Settings } from "../../settings/settings.ts";
import { Secret } from "../../base/secret.ts";
import { isToCome, maxTokenSeconds } from "../tokens/cache/expiration.ts";
import type { HeldToken } from "../tokens/tokens.ts";

export const jobTokensVariable = "VOUCH_JOB_TOKENS";

/** Linux limits a variable to 128 KiB. */
const maxLength = 100_000;

const Written = v.object({
  job: v.string(),
  tokens: v.array(
    v.object({
      key: v.string(),
      token: v.pipe(v.string(), v.regex(/^[\u0021-\u007e]+$/)),
      expiration: v.pipe(v.number(), v.integer(), v.minValue(1)),
    }),
  ),
});

/** The variable's value; undefined if it is too long. */
export function writeJobTokens(tokens: HeldToken[], settings: Settings): string | undefined {
  const exposed = tokens.map((held) => Object.assign({}, held, { token: held.token.expose() }));
  const text = JSON.stringify({ job: jobOf(settings), tokens: exposed });
  return text.length <= maxLength ? text : undefined;
}

/**
 * The tokens in the variable's value that are valid at `now` (milliseconds since 1970). Empty if they are of another
 * identity or role, or if the value is malformed.
 */
export function readJobTokens(text: string | undefined, settings: Settings, now = Date.now()): HeldToken[] {
  if (!text) return [];
  try {
    const { job, tokens } = v.parse(Written, JSON.parse(text));
    if (job !== jobOf(settings)) return [];
    return tokens
      .filter(({ expiration }) => isToCome(expiration, now, maxTokenSeconds))
      .map((held) => Object.assign({}, held, { token: new Secret(held.token) }));
  } catch {
    // On any error the tokens are fetched again.
    return [];
  }
}

/** The identity and role that the tokens belong to. */
function jobOf({ identity, aws }: Settings): string {
  return JSON.stringify([
    identity?.name,
    identity?.audience,
    identity?.idTokenVariable,
    identity?.profile,
    aws?.roleArn,
    aws?.region,
  ]);
}
