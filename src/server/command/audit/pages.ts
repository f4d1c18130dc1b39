/** Reads the audit log page by page, with filters. */
import type { AuditEntry } from "../../audit/entry.ts";
import type { Position } from "../../store/audit.ts";
import type { Store } from "../../store/store.ts";

const pageSize = 500;

export interface Filter {
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
export async function* entries(store: Store, filter: Filter): AsyncGenerator<AuditEntry> {
  yield* ofPeriod(store, filter);
  for (const read of ["beforeTime", "afterTime"] as const) {
    for (let offset = 0; ; offset += pageSize) {
      const page = await store.audit[read](offset, pageSize);
      for (const entry of page) if (fits(entry, filter)) yield entry;
      if (page.length < pageSize) break;
    }
  }
}

async function* ofPeriod({ audit }: Store, filter: Filter): AsyncGenerator<AuditEntry> {
  let position: Position = { time: filter.since, chain: "", number: 0 };
  for (;;) {
    const page = await audit.page(position, filter.until, pageSize);
    for (const entry of page) if (fits(entry, filter)) yield entry;
    if (page.length < pageSize) return;
    position = page.at(-1)!;
  }
}

function fits(entry: AuditEntry, { who, event }: Filter): boolean {
  if (event !== undefined && entry.event !== event) return false;
  const { email, user, by, address, credential } = entry;
  return who === undefined || email === who.toLowerCase() || [user, by, address, credential].includes(who);
}
