/**
 * Who may use SCIM, and whom it may take up. Each function checks, changes and records in the transaction of its tables;
 * `now` is in seconds since 1970.
 */
import { VouchError } from "../../base/errors.ts";
import { randomToken, sha256 } from "../random.ts";
import type { Recording } from "../store/store.ts";
import { type Actor, doneBy } from "./actor.ts";
import { knownPerson } from "./people.ts";

/** The form of a token's name: the audit log has it as `scim:NAME`. */
export const scimTokenName = /^[a-z0-9][a-z0-9._-]{0,31}$/;
/** Tokens that there are at most: one for each client, and another while it is replaced. */
const maxTokens = 20;

/** Makes a token; returns it, which only its hash is kept of. Throws `usage`, `name_taken`. */
export async function addScimToken(
  { scimTokens, record }: Recording,
  actor: Actor,
  { name, now }: { name: string; now: number },
): Promise<string> {
  if (!scimTokenName.test(name)) {
    throw new VouchError("usage", `Expected a name for the token, got ${JSON.stringify(name.slice(0, 80))}.`, {
      hint: "At most 32 of a to z, digits and . _ -, with a letter or digit first: `vouch server scim add entra`.",
    });
  }
  if ((await scimTokens.list()).length >= maxTokens) {
    throw new VouchError("usage", `There are ${maxTokens} tokens of SCIM already.`, {
      hint: "Remove one that nobody uses: `vouch server scim list`.",
    });
  }
  const token = `vouch-scim-${randomToken()}`;
  if (!(await scimTokens.add(name, sha256(token), now))) {
    throw new VouchError("name_taken", `There is a token "${name}" already.`, {
      hint: "Choose another name; remove the old one when the client has the new: `vouch server scim remove NAME`.",
    });
  }
  await record(doneBy(actor, { event: "scim_token_added", detail: { name } }));
  return token;
}

/** Removes a token: from now on it changes nothing. Throws `usage`. */
export async function removeScimToken(
  { scimTokens, record }: Recording,
  actor: Actor,
  { name }: { name: string },
): Promise<void> {
  if (!(await scimTokens.remove(name))) {
    throw new VouchError("usage", `There is no token ${JSON.stringify(name.slice(0, 80))}.`, {
      hint: "Run `vouch server scim list`.",
    });
  }
  await record(doneBy(actor, { event: "scim_token_removed", detail: { name } }));
}

/** Lets SCIM take up a person who is here, by creating them. False if it sees them already. Throws `person_not_found`. */
export async function linkToScim(
  tables: Recording,
  actor: Actor,
  { email }: { email: string },
): Promise<{ changed: boolean }> {
  const { provisioned, record } = tables;
  const user = await knownPerson(tables, email);
  if ((await provisioned.stateOf(user.id)).state === "managed") return { changed: false };
  await provisioned.setState(user.id, "open");
  await provisioned.forgetExternalId(user.id);
  await record(doneBy(actor, { event: "scim_linked", user }));
  return { changed: true };
}

/** Takes a person from SCIM, with what it said of their groups. False if it had no part in them. Throws `person_not_found`. */
export async function unlinkFromScim(
  tables: Recording,
  actor: Actor,
  { email, now }: { email: string; now: number },
): Promise<{ changed: boolean }> {
  const { groups, provisioned, record } = tables;
  const user = await knownPerson(tables, email);
  if ((await provisioned.stateOf(user.id)).state === undefined) return { changed: false };
  const { left } = await groups.replaceMemberships(user.id, "scim", [], now);
  const detail = { groups: left, source: "scim" };
  if (left.length > 0) await record(doneBy(actor, { event: "group_left", user, detail }));
  await provisioned.setState(user.id, undefined);
  await record(doneBy(actor, { event: "scim_unlinked", user }));
  return { changed: true };
}
