/** When something ends, as AWS or a server says it: what cannot be is refused before it is kept or given out. */
import { VouchError } from "../../base/errors.ts";

/** Nothing that is asked for lasts longer than twelve hours; as much again for a clock that is set wrong. Seconds. */
export const maxTokenSeconds = 24 * 3600;

/** Whether it (seconds since 1970) is to come within `maxSeconds` of `now` (milliseconds since 1970). */
export function isToCome(expiration: number, now: number, maxSeconds: number): boolean {
  const left = expiration - now / 1000;
  return left > 0 && left <= maxSeconds;
}

/**
 * Checks that `isToCome`: Infinity, for what never ends, where that is the limit. `what` names it, for the error. Throws
 * `aws_error`.
 */
export function checkExpiration(expiration: number, now: number, maxSeconds: number, what: string): void {
  if (isToCome(expiration, now, maxSeconds)) return;
  const ended = expiration <= now / 1000;
  throw new VouchError(
    "aws_error",
    `${what} cannot be used: ${ended ? "it has ended already" : "its end cannot be"}.`,
    {
      hint: `Check the clock of this machine${ended ? "" : " and what answers in AWS's place"}, then try again.`,
    },
  );
}
