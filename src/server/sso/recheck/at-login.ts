/** The check of a login at the identity provider: asked before the login's transaction, confirmed in it. */
import type { ServerContext } from "../../context.ts";
import type { User } from "../../store/people/user.ts";
import type { Transaction } from "../../store/store.ts";

/** Returns what the audit log has of it. Throws `login_denied`, ConfirmationNeededError. */
type Confirm = (tables: Transaction) => Promise<{ recheck?: "confirmed" | "unavailable" }>;

/**
 * Asks the identity provider about a person whose security key was verified, where the settings want it. What it returns is
 * to be called in the transaction that opens the session, before what depends on the last revocation: a refusal ends
 * sessions. Throws the database's errors.
 */
export async function askAtLogin({ singleSignOn }: ServerContext, user: User): Promise<Confirm> {
  const recheck = singleSignOn?.recheck;
  if (recheck === undefined) return async () => ({});
  const asked = await recheck.ask(user);
  return async (tables) => {
    const said = await recheck.confirm(tables, user, asked);
    return said === undefined ? {} : { recheck: said };
  };
}
