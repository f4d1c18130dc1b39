/** Open invites, page by page, as the API and the pages list them. */
import * as v from "valibot";
import type { InvitePosition, OpenInvite } from "../store/people/accounts.ts";
import type { Transaction } from "../store/store.ts";

/** Names an invite in a URL: where the next page begins. */
export const InviteCursor = v.pipe(
  v.string(),
  v.regex(/^\d{1,13}_[0-9a-f-]{1,64}$/, "expected `next` of an answer"),
  v.transform((text): InvitePosition => {
    const [expiresAt = "", userId = ""] = text.split("_");
    return { expiresAt: Number(expiresAt), userId };
  }),
);

/** Names an invite, after which the next page begins. */
export function writeInviteCursor({ expiresAt, user }: OpenInvite): string {
  return `${expiresAt}_${user.id}`;
}

/** Codes that nobody has used and that are good after `now` (seconds since 1970), the next to expire first. */
export async function openInvites(
  { accounts }: Transaction,
  now: number,
  { after, limit }: { after: InvitePosition | undefined; limit: number },
): Promise<OpenInvite[]> {
  // Not before the present, and after every id of those that expire now.
  const start = { expiresAt: now, userId: "~" };
  return await accounts.openInvites(after !== undefined && after.expiresAt > now ? after : start, limit);
}
