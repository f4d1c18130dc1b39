/**
 * What an administrator does about a person. Each function checks, changes and records in the transaction of its tables;
 * `now` is in seconds since 1970.
 */
import { VouchError } from "../../base/errors.ts";
import { makeEnrollmentCode } from "../keys/enrollment-code.ts";
import { sha256 } from "../random.ts";
import { type Ability, anyAbility, type Role } from "../store/people/roles.ts";
import type { Recording, Transaction } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import { type Actor, doneBy, isAdministrator } from "./actor.ts";

/** Lifetime of an enrolment code. */
export const inviteSeconds = 24 * 3600;

/** Returns the user with this email (normalised). Throws `person_not_found`, with the hint. */
export async function knownPerson({ accounts }: Transaction, email: string, hint?: string): Promise<User> {
  return (await accounts.findUser(email)) ?? noPerson(email, hint);
}

/** Throws `person_not_found`. */
export function noPerson(email: string, hint = "Run `vouch server users`."): never {
  throw new VouchError("person_not_found", `There is no user ${email}.`, { hint });
}

/**
 * Makes a code with which the person enrols a security key, in place of their open one; a new person if there is none with
 * the email. Returns the code, which only its hash is kept of. Throws `person_disabled`.
 */
export async function invite(
  { accounts, record }: Recording,
  actor: Actor,
  { email, now }: { email: string; now: number },
): Promise<{ code: string; expiresAt: number }> {
  const code = makeEnrollmentCode();
  const expiresAt = now + inviteSeconds;
  const user = await accounts.invite(email, sha256(code), now, expiresAt);
  if (user.disabled) {
    throw new VouchError("person_disabled", `${email} is disabled.`, {
      hint: `Run \`vouch server enable ${email}\` first.`,
    });
  }
  await record(doneBy(actor, { event: "invite", user, detail: { expiresAt } }));
  return { code, expiresAt };
}

/**
 * Locks a person out: sessions end, the open code is withdrawn. Returns the person's id and the number of sessions that ended. Throws
 * `person_not_found`, `last_administrator`.
 */
export async function disable(
  tables: Recording,
  actor: Actor,
  { email, now, last }: { email: string; now: number; last?: boolean | undefined },
): Promise<{ id: string; sessions: number }> {
  const { accounts, sessions, record } = tables;
  const user = await knownPerson(tables, email);
  if (last !== true) await expectOtherAdministrators(tables, actor, user);
  await accounts.setDisabled(user.id, now, sourceOf(actor));
  await accounts.removeInvites(user.id);
  const live = await sessions.revokeAll(user.id, now);
  await record(doneBy(actor, { event: "disable", user, detail: { sessions: live } }));
  return { id: user.id, sessions: live };
}

/**
 * Lets a disabled person in again; SCIM none whom an administrator disabled. False if that changes nothing. Throws
 * `person_not_found`.
 */
export async function enable(
  tables: Recording,
  actor: Actor,
  { email }: { email: string },
): Promise<{ changed: boolean }> {
  const user = await knownPerson(tables, email);
  const changed = await tables.accounts.setDisabled(user.id, undefined, sourceOf(actor));
  if (changed) await tables.record(doneBy(actor, { event: "enable", user }));
  return { changed };
}

/** Ends every session of a person; returns the person's id and their number. Throws `person_not_found`. */
export async function endSessions(
  tables: Recording,
  actor: Actor,
  { email, now }: { email: string; now: number },
): Promise<{ id: string; sessions: number }> {
  const user = await knownPerson(tables, email);
  const live = await tables.sessions.revokeAll(user.id, now);
  await tables.record(doneBy(actor, { event: "revoke", user, detail: { sessions: live } }));
  return { id: user.id, sessions: live };
}

/**
 * Ends every session of a person, removes their keys and withdraws their open code. Throws `person_not_found`,
 * `last_administrator`.
 */
export async function removeKeys(
  tables: Recording,
  actor: Actor,
  { email, now, last }: { email: string; now: number; last?: boolean | undefined },
): Promise<{ id: string; sessions: number; keys: number }> {
  const { accounts, credentials, record } = tables;
  const user = await knownPerson(tables, email);
  if (last !== true) await expectOtherAdministrators(tables, actor, user);
  const { sessions } = await endSessions(tables, actor, { email, now });
  await accounts.removeInvites(user.id);
  for (const { id, name } of await credentials.ofUser(user.id)) {
    await record(doneBy(actor, { event: "key_removed", user, credential: id, detail: { name } }));
  }
  return { id: user.id, sessions, keys: await credentials.removeAll(user.id) };
}

/**
 * Removes one security key of a person, also the last, and with it the sessions that it opened; returns their number.
 * Throws `person_not_found`, `credential_not_found`, `last_administrator`.
 */
export async function removeKey(
  tables: Recording,
  actor: Actor,
  { email, key, now, last }: { email: string; key: string; now: number; last?: boolean | undefined },
): Promise<{ sessions: number }> {
  const { credentials, sessions, record } = tables;
  const user = await knownPerson(tables, email);
  const enrolled = await credentials.ofUser(user.id);
  const name = enrolled.find(({ id }) => id === key)?.name;
  if (name === undefined) {
    throw new VouchError("credential_not_found", `${email} has no such security key.`, {
      hint: "Look at their keys again: it may have been removed.",
    });
  }
  if (last !== true) await expectOtherAdministrators(tables, actor, user, key);
  const opened = await sessions.countOpenedBy(key, now);
  await credentials.remove(user.id, key, true);
  const detail = { name, sessions: opened };
  await record(doneBy(actor, { event: "key_removed", user, credential: key, detail }));
  return { sessions: opened };
}

/** Gives a person a role. False if they have it. Throws `person_not_found`, `last_administrator`. */
export async function giveRole(
  tables: Recording,
  actor: Actor,
  { email, role, last }: { email: string; role: Role; last?: boolean | undefined },
): Promise<{ changed: boolean }> {
  const user = await knownPerson(tables, email);
  if (last !== true && role !== "administrator") await expectOtherAdministrators(tables, actor, user);
  const from = await tables.roles.roleOf(user.id);
  const changed = await tables.roles.setRole(user.id, role);
  if (changed) await tables.record(doneBy(actor, { event: "role_changed", user, detail: { from, role } }));
  return { changed };
}

/** Who disables: SCIM enables only whom it disabled. */
function sourceOf(actor: Actor): "scim" | undefined {
  return actor === "operator" || isAdministrator(actor) ? undefined : "scim";
}

/**
 * Throws `last_administrator` if the person is the only administrator who can log in, of the removal of a `key` if none
 * could without it. An operator can name another at any time, and is warned (`leavesNobody`). SCIM is not asked: whoever
 * leaves the company is cut off.
 */
async function expectOtherAdministrators(tables: Transaction, actor: Actor, user: User, key?: string): Promise<void> {
  if (!isAdministrator(actor) || !(await isLastAdministrator(tables, actor.ability, user, key))) return;
  throw new VouchError("last_administrator", `${user.email} is the only administrator who can log in.`, {
    hint: "Name another first, who has a security key, or say that nobody shall be left: then only `vouch server admin add EMAIL` on the server's machine names one.",
  });
}

/**
 * Whether the person is the only administrator who can change anything, and (of a key) could not without it: without one
 * nobody changes anything over the network any more, and a code that nobody has used yet helps nobody in.
 */
async function isLastAdministrator(
  { roles }: Transaction,
  ability: Ability,
  { id }: User,
  key?: string,
): Promise<boolean> {
  const able = await roles.administrators(ability);
  if (!able.includes(id) || able.length > 1) return false;
  return key === undefined || (await roles.administrators(ability, key)).length === 0;
}

/**
 * Before a person removes a key of their own. Throws `last_administrator` if they are the only administrator who can log in,
 * and could not without it.
 */
export async function expectOtherKeyOrAdministrator(
  tables: Transaction,
  ability: Ability,
  user: User,
  key: string,
): Promise<void> {
  if (!(await isLastAdministrator(tables, ability, user, key))) return;
  throw new VouchError(
    "last_administrator",
    "You are the only administrator who can log in, and not without this key.",
    {
      hint: "Add another security key or name another administrator first; or have this done on the server's machine: `vouch server admin remove EMAIL` first, which leaves nobody.",
    },
  );
}

/** Runs `change`; `isLast` if no administrator can log in after it, and one could before. */
export async function leavesNobody<Result>(
  { roles }: Transaction,
  change: () => Promise<Result>,
): Promise<{ result: Result; isLast: boolean }> {
  const before = await roles.administrators(anyAbility);
  const result = await change();
  return { result, isLast: before.length > 0 && (await roles.administrators(anyAbility)).length === 0 };
}
