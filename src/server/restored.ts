/** What a database that comes from a backup must lose before a server may run on it. */
import type { Store } from "./store/store.ts";

export interface Restored {
  /** Live sessions that were ended. */
  sessions: number;
  /** Codes that were still good. */
  invites: number;
  /** When the last thing was recorded that the backup has, in seconds since 1970; undefined if nothing was. */
  lastRecordedAt: number | undefined;
}

/**
 * Ends every session, withdraws every open code and drops every ceremony under way: a session that was revoked and a code
 * that was used after the backup would be good again. `file` is the backup's name for the audit log; `now` in seconds
 * since 1970.
 */
export async function endWhatWasOpen(store: Store, file: string | undefined, now: number): Promise<Restored> {
  const lastRecordedAt = await lastRecorded(store);
  return await store.transaction(async ({ accounts, ceremonies, sessions, record }) => {
    await ceremonies.removeAll();
    const ended = await sessions.revokeBegunAfter(0, now, Number.MAX_SAFE_INTEGER);
    const invites = await accounts.removeAllInvites(now);
    await record({ event: "restore", detail: { file: file ?? null, sessions: ended, invites } });
    return { sessions: ended, invites, lastRecordedAt };
  });
}

async function lastRecorded({ audit }: Store): Promise<number | undefined> {
  const times: number[] = [];
  for (const { chain, number } of await audit.heads()) {
    const [entry] = await audit.ofChain(chain, number - 1, 1);
    if (entry) times.push(entry.time);
  }
  return times.length === 0 ? undefined : Math.max(...times);
}
