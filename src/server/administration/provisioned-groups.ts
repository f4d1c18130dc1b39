/**
 * What SCIM does about groups. Each function checks, changes and records in the transaction of its tables; `now` is in
 * seconds since 1970.
 */
import { ScimError } from "../http/failure.ts";
import { type Group, groupName, groupNameRule } from "../store/people/groups.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { doneBy, type ScimClient } from "./actor.ts";

/** People whom SCIM can put into one group. */
export const maxMembers = 10_000;

/** Returns the group that SCIM sees by this id. Throws ScimError (404). */
export async function groupOfScim({ groups }: Transaction, id: string): Promise<Group> {
  const group = await groups.find(id);
  if (group?.source === "scim") return group;
  throw new ScimError(404, "There is no such Group.");
}

/**
 * Makes a group. One that sign-ons made becomes SCIM's, with its members; an administrator's does not. Throws ScimError
 * (400, 409).
 */
export async function provisionGroup(
  { groups, record }: Recording,
  client: ScimClient,
  { name, externalId, now }: { name: string; externalId: string | undefined; now: number },
): Promise<Group> {
  expectName(name);
  const made = await groups.create(name, "scim", now, externalId);
  if (made !== undefined) {
    await record(doneBy(client, { event: "group_added", detail: { group: name, source: "scim" } }));
    return made;
  }
  const found = await groups.findByName(name);
  if (found?.source !== "sso") throw taken(name, found);
  await groups.setSource(found.id, "scim", externalId);
  await record(doneBy(client, { event: "group_added", detail: { group: name, source: "scim", was: "sso" } }));
  return { ...found, source: "scim", externalId };
}

/** Gives the group another name or `externalId`. Throws ScimError (400, 404, 409). */
export async function changeGroup(
  tables: Recording,
  client: ScimClient,
  { id, name, externalId }: { id: string; name: string; externalId: string | undefined },
): Promise<Group> {
  const { groups, record } = tables;
  const before = await groupOfScim(tables, id);
  if (before.externalId !== externalId) await groups.setSource(id, "scim", externalId);
  if (before.name !== name) {
    expectName(name);
    if ((await groups.rename(id, name)) === "name_taken") throw taken(name, await groups.findByName(name));
    await record(doneBy(client, { event: "group_renamed", detail: { from: before.name, group: name } }));
  }
  return { ...before, name, externalId };
}

/** Puts people into the group. Throws ScimError (400: nobody whom SCIM sees has that id, or there are too many). */
export async function addMembers(
  tables: Recording,
  client: ScimClient,
  { id, name }: Group,
  people: Iterable<string>,
): Promise<void> {
  for (const userId of people) {
    const user = await tables.provisioned.find(userId);
    if (user === undefined) throw new ScimError(400, "A member is no User here.", "invalidValue");
    if (!(await tables.groups.join(id, userId, "scim"))) continue;
    await tables.record(doneBy(client, { event: "group_joined", user, detail: { groups: [name], source: "scim" } }));
  }
  if ((await tables.groups.countBy(id, "scim")) > maxMembers) {
    throw new ScimError(400, `A Group has at most ${maxMembers} members.`, "invalidValue");
  }
}

/** Takes people out of the group, as far as SCIM had put them into it. */
export async function removeMembers(
  tables: Recording,
  client: ScimClient,
  { id, name }: Group,
  people: Iterable<string>,
): Promise<void> {
  for (const userId of people) {
    const user = await tables.provisioned.find(userId);
    if (user === undefined || !(await tables.groups.leave(id, userId, "scim"))) continue;
    await tables.record(doneBy(client, { event: "group_left", user, detail: { groups: [name], source: "scim" } }));
  }
}

/** Makes these the people whom SCIM has put into the group. Throws as `addMembers`. */
export async function replaceMembers(
  tables: Recording,
  client: ScimClient,
  group: Group,
  people: Iterable<string>,
): Promise<void> {
  const wanted = new Set(people);
  const had = (await tables.groups.membersBy(group.id, "scim")).map(({ id }) => id);
  await removeMembers(
    tables,
    client,
    group,
    had.filter((id) => !wanted.has(id)),
  );
  await addMembers(
    tables,
    client,
    group,
    [...wanted].filter((id) => !had.includes(id)),
  );
}

/** Takes back all that SCIM has said of the group; it stays where others say something of it. Throws ScimError (404). */
export async function deprovisionGroup(tables: Recording, client: ScimClient, id: string): Promise<void> {
  const { name } = await groupOfScim(tables, id);
  const members = await tables.groups.countBy(id, "scim");
  const other = await tables.groups.removeSource(id, "scim");
  if (other === undefined) await tables.groups.remove(id);
  else await tables.groups.setSource(id, other, undefined);
  const detail = { group: name, members, source: "scim", ...(other && { kept: other }) };
  await tables.record(doneBy(client, { event: "group_removed", detail }));
}

function expectName(name: string): void {
  if (groupName.test(name)) return;
  throw new ScimError(400, `displayName expected ${groupNameRule}.`, "invalidValue");
}

function taken(name: string, found: Group | undefined): ScimError {
  const whose = found?.source === "scim" ? "" : " An administrator made it: vouch server groups rename, or remove.";
  return new ScimError(409, `There is a group "${name}" already.${whose}`, "uniqueness");
}
