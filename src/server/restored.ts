/** What a database that comes from a backup must lose before a server may run on it. */
import type { Store } from "./store/store.ts";

/** Sessions that one transaction ends: some milliseconds, where a statement for all exceeds the database's time limit. */
const endedAtOnce = 1000;

export interface Restored {
  /** Live sessions that were ended. */
  sessions: number;
  /** Codes that were still good. */
  invites: number;
  /** Tokens of SCIM that were removed. */
  scimTokens: number;
  /** When the last thing was recorded that the backup has, in seconds since 1970; undefined if nothing was. */
  lastRecordedAt: number | undefined;
}

/**
 * Ends every session, withdraws every open code, removes every token of SCIM and drops every ceremony under way: a session
 * that was revoked, a code that was used and a token that was removed after the backup would be good again. Whether a session has expired is not asked: this machine's clock may
 * be ahead of the server's. What was ended before a failure stays ended; then run it again. `file` is the backup's name
 * for the audit log; `now` in seconds since 1970.
 */
export async function endWhatWasOpen(store: Store, file: string | undefined, now: number): Promise<Restored> {
  const lastRecordedAt = await lastRecorded(store);
  let ended = 0;
  for (let batch = endedAtOnce; batch === endedAtOnce;) {
    const { revoked, live } = await store.transaction(({ sessions }) => sessions.revokeNewest(now, endedAtOnce));
    batch = revoked;
    ended += live;
  }
  return await store.transaction(
    async ({ accounts, authorizationCodes, ceremonies, pageSessions, pushedRequests, record, scimTokens, signOns }) => {
      await authorizationCodes.removeAll();
      await ceremonies.removeAll();
      await pageSessions.removeAll();
      await pushedRequests.removeAll();
      await signOns.removeAll();
      const invites = await accounts.removeAllInvites(now);
      const removed = await scimTokens.removeAll();
      const detail = { file: file ?? null, sessions: ended, invites, ...(removed > 0 && { scimTokens: removed }) };
      await record({ event: "restore", detail });
      return { sessions: ended, invites, scimTokens: removed, lastRecordedAt };
    },
  );
}

async function lastRecorded({ audit }: Store): Promise<number | undefined> {
  const times: number[] = [];
  for (const { chain, number } of await audit.heads()) {
    const [entry] = await audit.ofChain(chain, number - 1, 1);
    if (entry) times.push(entry.time);
  }
  return times.length === 0 ? undefined : Math.max(...times);
}
