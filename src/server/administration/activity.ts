/** Logins and refusals over time, counted from the audit log. */
import { nextTurn } from "../next-turn.ts";
import type { AuditStore } from "../store/audit.ts";

const unitSeconds = { hour: 3600, day: 24 * 3600 } as const;

type ActivityUnit = keyof typeof unitSeconds;

/** The longest period, in seconds. */
const maxPeriodSeconds: Readonly<Record<ActivityUnit, number>> = { hour: 31 * 24 * 3600, day: 366 * 24 * 3600 };

/** What one statement counts; others have their turn after it. */
const chunkSeconds = 7 * 24 * 3600;

export interface ActivityBucket {
  /** Seconds since 1970: the begin of an hour or a day, UTC. */
  start: number;
  logins: number;
  /** Entries: of a flood fewer than were refused (docs/audit.md). */
  refusals: number;
}

/**
 * Returns a bucket for each hour or day that the period from `since` until before `until` (seconds since 1970) touches,
 * also for an empty one; the first and the last count what the period has of them. Of a period that is longer than
 * `maxPeriodSeconds` it has the end.
 */
export async function activity(
  { audit }: { audit: AuditStore },
  { since: asked, until, unit }: { since: number; until: number; unit: ActivityUnit },
): Promise<ActivityBucket[]> {
  const seconds = unitSeconds[unit];
  const since = Math.max(asked, until - maxPeriodSeconds[unit]);
  const buckets = new Map<number, ActivityBucket>();
  if (until <= since) return [];
  for (let start = since - (since % seconds); start < until; start += seconds) {
    buckets.set(start, { start, logins: 0, refusals: 0 });
  }
  for (let begin = since; begin < until; begin += chunkSeconds, await nextTurn()) {
    const counts = await audit.countAccess(begin, Math.min(begin + chunkSeconds, until), seconds);
    for (const { start, event, count } of counts) {
      const bucket = buckets.get(start);
      if (bucket) bucket[event === "login" ? "logins" : "refusals"] += count;
    }
  }
  return [...buckets.values()];
}
