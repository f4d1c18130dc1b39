/** What the identity provider's answer about a person changes. */
import { VouchError } from "../../../base/errors.ts";
import type { KeptRefreshToken } from "../../store/people/identities.ts";
import type { Store } from "../../store/store.ts";
import { admit, keptGroups, readClaims } from "../claims.ts";
import type { Refreshed } from "../provider.ts";
import type { SsoSettings } from "../settings.ts";

/** What came of a question; `none`: there was nobody to ask about, or another server has asked. */
export interface Outcome {
  result: "none" | "confirmed" | "refused" | "unproven" | "unavailable";
  reason?: string;
}

export interface Ending {
  outcome: Outcome;
  /** The refresh token from now on, encrypted; undefined: none. */
  next: string | undefined;
  /** The person's groups at the provider; undefined where it does not say. */
  groups?: readonly string[] | undefined;
}

/** Judges an answer by the settings of single sign-on; `next` is the refresh token after it. */
export function judge(answer: Refreshed, next: string, settings: SsoSettings): Ending {
  // It is used up, or was revoked.
  if (answer.result === "refused") return { outcome: answer, next: undefined };
  if (answer.result !== "confirmed") return { outcome: { result: answer.result, reason: answer.reason }, next };
  if (answer.claims === undefined) return { outcome: { result: "confirmed" }, next };
  try {
    const claims = readClaims(answer.claims, settings);
    admit(claims, settings, true);
    return { outcome: { result: "confirmed" }, next, groups: claims.groups && keptGroups(claims.groups) };
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    // The next login asks again: the rules may hold once more.
    return { outcome: { result: "refused", reason: error.message.replace(/\.$/, "") }, next };
  }
}

/**
 * Stores the outcome, the next refresh token and the groups in one transaction; of a person who is refused it ends every
 * session and withdraws the open code. Changes nothing where a sign-on has replaced the refresh token meanwhile. Throws
 * the database's errors.
 */
export async function endReservation(
  store: Store,
  kept: KeptRefreshToken,
  { outcome: { result, reason }, next, groups }: Ending,
): Promise<void> {
  const { issuer, subject } = kept;
  const now = store.now();
  const said = result === "confirmed" ? { confirmed: now } : result === "refused" ? { refused: now } : {};
  await store.transaction(async ({ accounts, groups: memberships, identities, record, sessions }) => {
    const user = await identities.find(kept);
    if (user === undefined) return;
    const before = await identities.recheckOf(user.id, issuer);
    if ((await identities.release(kept, next, said)) === undefined) return;
    if (result === "refused") {
      await accounts.removeInvites(user.id);
      const ended = await sessions.revokeAll(user.id, now);
      // Each login asks again about a person whom the settings refuse: only what is new is recorded.
      const isNew = before?.refusedAt === undefined || ended > 0;
      if (isNew)
        await record({ event: "identity_refused", user, reason, detail: { issuer, subject, sessions: ended } });
    }
    if (groups === undefined) return;
    const { joined, left } = await memberships.replaceMemberships(user.id, "sso", groups, now);
    for (const [event, names] of [["group_joined", joined] as const, ["group_left", left] as const]) {
      if (names.length > 0) await record({ event, user, detail: { groups: names, source: "sso" } });
    }
  });
  await store.settled();
}
