/** Points in time as options name them. */
import { VouchError } from "../../base/errors.ts";

const unitSeconds = { m: 60, h: 3600, d: 24 * 3600 } as const;

/**
 * Parses a point in time: as long ago as 90m, 12h or 7d, or a date with or without a time (2026-11-28, 2026-11-28T10:00Z;
 * UTC unless it says otherwise). Returns seconds since 1970. Throws `usage`.
 */
export function parsePoint(text: string, flag: string, now: number): number {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago) return now - Number(ago[1]) * unitSeconds[ago[2] as keyof typeof unitSeconds];
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const time = date ? Date.parse(`${date[1]}T${date[2] ?? "00:00"}${date[3] ?? "Z"}`) : Number.NaN;
  // Of the 30th of February the runtime makes the 2nd of March.
  const day = new Date(`${date?.[1]}T00:00Z`).toJSON();
  if (date && !Number.isNaN(time) && day.startsWith(date[1]!)) return Math.floor(time / 1000);
  throw new VouchError("usage", `Expected ${flag} with a point in time, got ${JSON.stringify(text.slice(0, 64))}.`, {
    hint: "Like 90m, 12h or 7d ago, 2026-11-28, or 2026-11-28T10:00Z.",
  });
}
