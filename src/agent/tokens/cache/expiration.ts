/** Plausibility of an expiration that AWS or a server sends: impossible values are refused before they are cached. */
import { VouchError } from "../../../base/errors.ts";

/** Nothing requested lasts longer than twelve hours; doubled for a wrong clock. Seconds. */
export const maxTokenSeconds = 24 * 3600;

/**
 * Whether the time (seconds since 1970) is in the future and within `maxSeconds` of `now` (milliseconds since 1970).
 */
export function isToCome(expiration: number, now: number, maxSeconds: number): boolean {
  const left = expiration - now / 1000;
  return left > 0 && left <= maxSeconds;
}

/**
 * Checks `isToCome`; accepts Infinity, for values without an end, if that is the limit. `what` names the value in the
 * error. Throws `aws_error`.
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
