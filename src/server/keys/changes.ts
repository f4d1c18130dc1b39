/**
 * What a person changes of their own security keys: each within the transaction that has checked the session, with the
 * approval's signature counter and the record. The command line's requests and the pages come here alike.
 */
import { VouchError } from "../../base/errors.ts";
import type { Credential, RegisteredCredential } from "../store/people/credentials.ts";
import type { Ability } from "../store/people/roles.ts";
import type { Recording, Transaction } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import { expectOtherKeyOrAdministrator } from "../administration/people.ts";
import { addKey, nameTaken } from "./added-key.ts";
import { type Approved, recordApproval } from "./approval.ts";

/** Who changes, from where, and by which touch. */
export interface Changing {
  user: User;
  address: string;
  approved: Approved;
  /** Seconds since 1970. */
  now: number;
}

/** Adds a verified key, which is marked as built in if the key that approved it is. Returns it with its name. Throws as `recordApproval` and `addKey`. */
export async function addOwnKey(
  tables: Recording,
  { user, address, approved, now }: Changing,
  verified: Omit<RegisteredCredential, "name">,
  name: string | undefined,
): Promise<Credential> {
  await recordApproval(tables, approved, now);
  const builtIn = verified.builtIn || approved.builtIn;
  const key = await addKey(tables, { ...verified, builtIn }, name);
  const proof = key.proof?.by ?? null;
  const detail = { name: key.name, aaguid: key.aaguid, proof, builtIn, approvedBy: approved.credentialId };
  await tables.record({ event: "key_added", user, credential: key.id, address, detail });
  return key;
}

/**
 * Gives a key another name; `before` is the key as the person was shown it. Throws as `recordApproval`,
 * `credential_not_found`, `name_taken`, `login_denied`.
 */
export async function renameOwnKey(
  tables: Recording,
  { user, address, approved, now }: Changing,
  before: Pick<Credential, "id" | "name">,
  name: string,
): Promise<void> {
  await recordApproval(tables, approved, now);
  await checkNameIsStill(tables, user, before);
  const outcome = await tables.credentials.rename(user.id, before.id, name);
  if (outcome === "not_found") throw keyNotFound();
  if (outcome === "name_taken") throw nameTaken(name);
  const detail = { from: before.name, name, approvedBy: approved.credentialId };
  await tables.record({ event: "key_renamed", user, credential: before.id, address, detail });
}

/**
 * Removes a key, and with it the sessions that it opened, since a removed key may be lost or stolen; the last one with
 * `force` only. Returns how many sessions of the command line ended. Throws as `recordApproval`, `expectRemovable`,
 * `credential_not_found`, `login_denied`.
 */
export async function removeOwnKey(
  tables: Recording,
  { user, address, approved, now }: Changing,
  before: Pick<Credential, "id" | "name">,
  { force, ability }: { force: boolean; ability: Ability },
): Promise<number> {
  await recordApproval(tables, approved, now);
  await checkNameIsStill(tables, user, before);
  await expectRemovable(tables, user, before.id, { force, ability });
  const opened = await tables.sessions.countOpenedBy(before.id, now);
  const outcome = await tables.credentials.remove(user.id, before.id, force);
  if (outcome === "not_found") throw keyNotFound();
  if (outcome === "last") throw lastKey();
  const detail = { name: before.name, sessions: opened, approvedBy: approved.credentialId };
  await tables.record({ event: "key_removed", user, credential: before.id, address, detail });
  return opened;
}

/**
 * Looks whether the person may remove the key. Throws `last_credential` of the last one without `force`, and
 * `last_administrator` if no administrator could log in without it, by the server's `ability`.
 */
export async function expectRemovable(
  tables: Transaction,
  user: User,
  id: string,
  { force, ability }: { force: boolean; ability: Ability },
): Promise<void> {
  if (!force && (await tables.credentials.ofUser(user.id)).length === 1) throw lastKey();
  await expectOtherKeyOrAdministrator(tables, ability, user, id);
}

/** Returns a key of the user. Throws `credential_not_found`. */
export async function ownKey({ credentials }: Transaction, userId: string, id: string): Promise<Credential> {
  const found = await credentials.find(id);
  if (found?.user.id !== userId) throw keyNotFound();
  return found.credential;
}

/** The person was shown the name. Throws `credential_not_found`, `login_denied`. */
async function checkNameIsStill(
  tables: Transaction,
  user: User,
  { id, name }: Pick<Credential, "id" | "name">,
): Promise<void> {
  if ((await ownKey(tables, user.id, id)).name === name) return;
  throw new VouchError("login_denied", "The security key got another name in the meantime.", {
    hint: "Run `vouch keys list`, then the command again.",
  });
}

function lastKey(): VouchError {
  return new VouchError("last_credential", "This is your only security key: without it you cannot log in any more.", {
    hint: "Add another with `vouch keys add` first. With `--force` it is removed all the same: then only a new enrolment code lets you in.",
  });
}

/** No oracle: an unknown key and another user's key give the same error. */
function keyNotFound(): VouchError {
  return new VouchError("credential_not_found", "You have no such security key.", {
    hint: "Run `vouch keys list` to see those that you have.",
  });
}
