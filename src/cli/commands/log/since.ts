/** `--since`: a while ago, or a time. */
import { VouchError } from "../../../base/errors.ts";
import { usage } from "../../framework/arguments.ts";

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds since 1970, of `now` and before. Throws `usage`. */
export function parseSince(text: string, now: number): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return Math.max(0, Math.floor(now - Number(amount) * units[unit as keyof typeof units]));
  // A date alone is the local day, as a time without a zone is local.
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text;
  const time = /^\d{4}-\d{2}-\d{2}/.test(whole) ? Date.parse(whole) / 1000 : Number.NaN;
  if (time > now) {
    throw new VouchError("usage", `--since ${text} is in the future: nothing has been asked since then.`, {
      hint: "Give a time that is over, or a while ago (`vouch log --since 2h`). To wait for what will be asked: `vouch log --follow`.",
    });
  }
  if (time >= 0) return Math.floor(time);
  throw usage(
    `--since expects a while (30m, 2h, 1d) or a time until now (2026-11-28T09:00), got "${text}".`,
    "vouch log",
  );
}
