/**
 * What an administrator does about the profiles of laptops. Each function checks, changes and records in the transaction
 * of its tables; `now` is in seconds since 1970.
 */
import { type AnnouncedBody, canonical, digestOf } from "../../announced/body.ts";
import { expectConsistent } from "../../announced/consistent.ts";
import { mergedOf } from "../../announced/merged.ts";
import { VouchError } from "../../base/errors.ts";
import { bodyOf, unionOf } from "../announced/announcement.ts";
import { sha256 } from "../random.ts";
import { groupName, groupNameRule } from "../store/people/groups.ts";
import { type LaptopProfile, maxLaptopProfiles } from "../store/people/laptop-profiles.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { type Actor, doneBy } from "./actor.ts";
import { knownGroup } from "./groups.ts";

/** Returns the name if a profile of laptops can have it. Throws `usage`. */
export function parseLaptopProfileName(text: string): string {
  if (groupName.test(text)) return text;
  throw new VouchError("usage", `Expected the name of a profile, got ${JSON.stringify(text.slice(0, 80))}.`, {
    hint: `Expected ${groupNameRule}.`,
  });
}

/** Returns the profile of this name. Throws `profile_not_found`. */
export async function knownLaptopProfile({ laptopProfiles }: Transaction, name: string): Promise<LaptopProfile> {
  const found = await laptopProfiles.find(name);
  if (found) return found;
  throw new VouchError("profile_not_found", `There is no profile "${name}".`, {
    hint: "Run `vouch server profiles list`.",
  });
}

/** Returns an id of the profile as it is now: another one has another, and so has this one after a change. */
export function stateOf({ group, body, updatedAt }: LaptopProfile): string {
  return sha256(JSON.stringify([group ?? null, body, updatedAt]));
}

/**
 * Announces this to the people of a group, or to everybody; in place of what the profile has announced. False if it did so
 * before. Throws `group_not_found`, `limit_reached`, `name_taken` if another profile gives the same name to another role,
 * `usage` if another one publishes by a role that this one reads by (or the other way round), `access_denied` if it is,
 * with everybody's, more than a laptop takes.
 */
export async function setLaptopProfile(
  tables: Recording,
  actor: Actor,
  { name, group, body, now }: { name: string; group: string | undefined; body: AnnouncedBody; now: number },
): Promise<{ changed: boolean; digest: string }> {
  const { laptopProfiles, record } = tables;
  const groupId = group === undefined ? undefined : (await knownGroup(tables, group)).id;
  const all = await laptopProfiles.all();
  const before = all.find((each) => each.name === name);
  const others = all.filter((each) => each !== before);
  if (others.length >= maxLaptopProfiles) {
    throw new VouchError("limit_reached", `There are ${others.length} profiles already, which is the limit.`, {
      hint: "Remove one: `vouch server profiles remove NAME`.",
    });
  }
  for (const other of others) expectSameNames(body, other);
  const everybodys = others.filter((each) => each.group === undefined);
  unionOf([...everybodys.map(bodyOf), body]);
  // Somebody may be in any two groups.
  for (const other of [undefined, ...others.filter((each) => each.group !== undefined)]) {
    const told = other === undefined ? everybodys : [...everybodys, other];
    expectConsistent(mergedOf([...told.map(bodyOf), body]));
  }
  const text = JSON.stringify(canonical(body));
  const digest = digestOf(body);
  if (before?.body === text && before.group === group) return { changed: false, digest };
  await laptopProfiles.set(name, groupId, text, now);
  const detail = { profile: name, ...(group === undefined ? {} : { group }), digest };
  await record(doneBy(actor, { event: "profile_set", detail }));
  return { changed: true, digest };
}

/** Ends what the profile announces. Throws `profile_not_found`. */
export async function removeLaptopProfile(
  tables: Recording,
  actor: Actor,
  { name }: { name: string },
): Promise<{ group: string | undefined }> {
  const { group } = await knownLaptopProfile(tables, name);
  await tables.laptopProfiles.remove(name);
  const detail = { profile: name, ...(group === undefined ? {} : { group }) };
  await tables.record(doneBy(actor, { event: "profile_removed", detail }));
  return { group };
}

/** A name leads to one role, whatever groups a person is in: a repository of one group would be read by another's. */
function expectSameNames(body: AnnouncedBody, other: LaptopProfile): void {
  const theirs = canonical(bodyOf(other)).profiles ?? [];
  for (const mine of canonical(body).profiles ?? []) {
    const same = theirs.find(({ name }) => name === mine.name);
    if (same === undefined || JSON.stringify(same) === JSON.stringify(mine)) continue;
    throw new VouchError("name_taken", `"${other.name}" announces another role by the name ${mine.name}.`, {
      hint: "Choose another name for it, or set both alike.",
    });
  }
}
