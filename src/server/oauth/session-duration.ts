/** The session lifetime: limit and parser. */
import { VouchError } from "../../base/errors.ts";

/** Maximum session lifetime. */
export const maxSessionSeconds = 8 * 3600;

const units = { h: 3600, m: 60, s: 1 } as const;

/** Parses a duration like 8h, 90m or 300s into seconds. Throws `usage`, also above the maximum lifetime. */
export function parseSessionDuration(text: string): number {
  const match = /^([0-9]{1,5})([hms])$/.exec(text);
  const seconds = Number(match?.[1]) * units[match?.[2] as keyof typeof units];
  if (seconds >= 1 && seconds <= maxSessionSeconds) return seconds;
  throw new VouchError("usage", `Expected a duration of at most 8h (like 8h, 90m, 300s), got "${text}".`);
}
