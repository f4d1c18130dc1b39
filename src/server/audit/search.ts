/** Reads the audit log page by page, with filters. Other requests have their turn between two pages. */
import { nextTurn } from "../next-turn.ts";
import { type AuditStore, endOfTime, type Position } from "../store/audit.ts";
import type { AuditEntry } from "./entry.ts";

/** Entries that are read at once: some milliseconds, in which nobody is answered. */
const pageSize = 200;
/** Entries that `searchPage` reads at most. */
const maxRead = 25 * pageSize;

export interface AuditFilter {
  /** Seconds since 1970. */
  since: number;
  /** Seconds since 1970, exclusive. */
  until: number;
  /** An email, a user's id, an account of the operating system, an address, or the id of a security key. */
  who: string | undefined;
  event: string | undefined;
}

/**
 * Yields the entries by their time, from all chains; then those whose time is no date, whatever the period: somebody has
 * changed them, and no period would show them.
 */
export async function* entries({ audit }: { audit: AuditStore }, filter: AuditFilter): AsyncGenerator<AuditEntry> {
  yield* ofPeriod(audit, filter);
  for (const read of ["beforeTime", "afterTime"] as const) {
    for (let offset = 0; ; offset += pageSize, await nextTurn()) {
      const page = await audit[read](offset, pageSize);
      for (const entry of page) if (fits(entry, filter)) yield entry;
      if (page.length < pageSize) break;
    }
  }
}

async function* ofPeriod(audit: AuditStore, filter: AuditFilter): AsyncGenerator<AuditEntry> {
  let position: Position = { time: filter.since, chain: "", number: 0 };
  for (;;) {
    const page = await audit.page(position, filter.until, pageSize);
    for (const entry of page) if (fits(entry, filter)) yield entry;
    if (page.length < pageSize) return;
    position = page.at(-1)!;
    await nextTurn();
  }
}

export interface AuditPage {
  entries: AuditEntry[];
  /** Where the next page begins; undefined at the end. */
  next: Position | undefined;
}

/**
 * Returns the next entries that fit, at most `limit`, the newest first, from before `position` on. It reads a bounded
 * number of entries: a page may have few or none, and there is more all the same if it has `next`.
 */
export async function searchPage(
  { audit }: { audit: AuditStore },
  filter: AuditFilter,
  { position, limit }: { position: Position | undefined; limit: number },
): Promise<AuditPage> {
  const until = Math.min(filter.until, endOfTime);
  let before: Position = position ?? { time: until, chain: "", number: 0 };
  const found: AuditEntry[] = [];
  for (let read = 0; read < maxRead; read += pageSize) {
    const page = await audit.pageBefore(before, filter.since, pageSize);
    for (const entry of page) {
      before = entry;
      if (fits(entry, filter)) found.push(entry);
      if (found.length === limit) return { entries: found, next: before };
    }
    if (page.length < pageSize) return { entries: found, next: undefined };
    await nextTurn();
  }
  return { entries: found, next: before };
}

function fits(entry: AuditEntry, { who, event }: AuditFilter): boolean {
  if (event !== undefined && entry.event !== event) return false;
  const { email, user, by, address, credential } = entry;
  return who === undefined || [email, by].includes(who.toLowerCase()) || [user, by, address, credential].includes(who);
}
