/** Looks up the user that a `vouch server` command names. */
import { VouchError } from "../../base/errors.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { User } from "../store/user.ts";

/** Returns the user with this email (in lower case). Throws `person_not_found`. */
export async function knownUser(accounts: AccountStore, email: string): Promise<User> {
  const user = await accounts.findUser(email);
  if (user) return user;
  throw new VouchError("person_not_found", `There is no user ${email}.`, { hint: "Run `vouch server users`." });
}
