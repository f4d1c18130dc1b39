/**
 * What an administrator does about groups. Each function checks, changes and records in the transaction of its tables;
 * `now` is in seconds since 1970.
 */
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import { type Group, groupName, groupNameRule } from "../store/people/groups.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { type Actor, doneBy } from "./actor.ts";
import { knownPerson } from "./people.ts";

/** Returns the name if a group can have it. Throws `usage`. */
export function parseGroupName(text: string): string {
  if (groupName.test(text)) return text;
  throw new VouchError("usage", `Expected the name of a group, got ${JSON.stringify(text.slice(0, 80))}.`, {
    hint: `Expected ${groupNameRule}.`,
  });
}

/** Returns the group of this name. Throws `group_not_found`. */
export async function knownGroup({ groups }: Transaction, name: string): Promise<Group> {
  const group = await groups.findByName(name);
  if (group) return group;
  throw new VouchError("group_not_found", `There is no group "${name}".`, { hint: "Run `vouch server groups list`." });
}

/** Makes a group. Throws `name_taken`. */
export async function addGroup(
  { groups, record }: Recording,
  actor: Actor,
  { name, now }: { name: string; now: number },
): Promise<Group> {
  const group = await groups.create(name, "local", now);
  if (group === undefined) {
    throw nameTaken(
      name,
      `Add people to it: \`vouch server groups join ${shellWord(name)} EMAIL\`. Or choose another name.`,
    );
  }
  await record(doneBy(actor, { event: "group_added", detail: { group: name } }));
  return group;
}

/**
 * Gives a group another name; the identity provider's has its name from there. Throws `group_not_found`, `name_taken`,
 * `access_denied`.
 */
export async function renameGroup(
  tables: Recording,
  actor: Actor,
  { group: from, name }: { group: string; name: string },
): Promise<void> {
  const group = await knownGroup(tables, from);
  if (group.source !== "local") {
    throw new VouchError("access_denied", `The group "${from}" has its name from the company's identity provider.`, {
      hint: "Rename it there, or make a group of your own.",
    });
  }
  if ((await tables.groups.rename(group.id, name)) === "name_taken") throw nameTaken(name, "Choose another name.");
  await tables.record(doneBy(actor, { event: "group_renamed", detail: { from, group: name } }));
}

/** Removes a group with its memberships and the profiles of its laptops; returns how many people were in it. Throws `group_not_found`. */
export async function removeGroup(
  tables: Recording,
  actor: Actor,
  { group: name }: { group: string },
): Promise<{ members: number }> {
  const { id } = await knownGroup(tables, name);
  const members = await tables.groups.count(id);
  const profiles = await tables.laptopProfiles.namesOfGroup(id);
  await tables.groups.remove(id);
  await tables.record(doneBy(actor, { event: "group_removed", detail: { group: name, members } }));
  for (const profile of profiles) {
    await tables.record(doneBy(actor, { event: "profile_removed", detail: { profile, group: name } }));
  }
  return { members };
}

/** Adds a person to a group. False if an administrator had done so before. Throws `group_not_found`, `person_not_found`. */
export async function joinGroup(
  tables: Recording,
  actor: Actor,
  { group: name, email }: { group: string; email: string },
): Promise<{ changed: boolean }> {
  const { id } = await knownGroup(tables, name);
  const user = await knownPerson(
    tables,
    email,
    `Run \`vouch server invite ${email}\` first, or \`vouch server users\`.`,
  );
  const changed = await tables.groups.join(id, user.id, "local");
  const detail = { groups: [name], source: "local" };
  if (changed) await tables.record(doneBy(actor, { event: "group_joined", user, detail }));
  return { changed };
}

/**
 * Takes back that an administrator added a person to a group. False if none had; the identity provider may say so, and
 * then the person stays in it (`isMember`). Throws `group_not_found`, `person_not_found`.
 */
export async function leaveGroup(
  tables: Recording,
  actor: Actor,
  { group: name, email }: { group: string; email: string },
): Promise<{ changed: boolean; isMember: boolean }> {
  const { id } = await knownGroup(tables, name);
  const user = await knownPerson(tables, email);
  const changed = await tables.groups.leave(id, user.id, "local");
  const detail = { groups: [name], source: "local" };
  if (changed) await tables.record(doneBy(actor, { event: "group_left", user, detail }));
  const isMember = (await tables.groups.ofUser(user.id)).some(({ group }) => group.id === id);
  return { changed, isMember };
}

function nameTaken(name: string, hint: string): VouchError {
  return new VouchError("name_taken", `There is a group "${name}" already.`, { hint });
}
