/** Limits on how long the token of a domain is waited for. */
import { secondsInWords } from "../../../base/words/duration.ts";
import { VouchError } from "../../../base/errors.ts";

/** The result of the step within the limit. Throws `timeout`; the step continues for later callers. */
export async function withLimit<T>(step: Promise<T>, limitMs: number, { domain }: { domain: string }): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new VouchError("timeout", `There was no token for the domain ${domain} within ${secondsInWords(limitMs)}.`, {
        hint: "The Vouch server or AWS does not answer in time. Check the network, then try again.",
      }),
    );
  }, limitMs);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error for who waits no longer, while the step goes on. */
export function lateError({ domain }: { domain: string }, ms: number): VouchError {
  return new VouchError("timeout", `There was no token for the domain ${domain} within ${secondsInWords(ms)}.`, {
    hint: "It is still being asked for. If you need it, check the network, then try again.",
  });
}
