/**
 * What SCIM does about people. Each function checks, changes and records in the transaction of its tables; `now` is in
 * seconds since 1970.
 */
import { printable } from "../../base/words/printable.ts";
import { ScimError } from "../http/failure.ts";
import type { Provisioned, ScimPerson } from "../store/people/provisioned.ts";
import type { Recording, Transaction } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import { doneBy, type ScimClient } from "./actor.ts";
import { disable, enable, giveRole } from "./people.ts";

/** As SCIM wants a person to be; `active` undefined leaves it as it is. */
export interface WantedPerson extends ScimPerson {
  active: boolean | undefined;
}

/** Returns the person whom SCIM sees by this id. Throws ScimError (404). */
export async function knownToScim({ provisioned }: Transaction, id: string): Promise<Provisioned> {
  const person = await provisioned.find(id);
  if (person) return person;
  throw new ScimError(404, "There is no such User.");
}

/**
 * Makes a person, or takes up one whom SCIM deleted before or whom an administrator linked. Nobody else who is here is
 * taken over, nor anybody whom SCIM knew by another `externalId`: an address may be somebody else's by now. `refused` is
 * told of whom it is about first. Throws ScimError (409).
 */
export async function provision(
  tables: Recording,
  client: ScimClient,
  wanted: WantedPerson,
  { now, refused }: { now: number; refused: (user: User) => void },
): Promise<Provisioned> {
  const { accounts, provisioned } = tables;
  const made = await accounts.add(wanted.email, now);
  const user = made ?? (await accounts.findUser(wanted.email));
  if (user === undefined) throw new Error("the user vanished while being made");
  if (made === undefined) {
    const { state, externalId } = await provisioned.stateOf(user.id);
    refused(user);
    if (state === "managed") throw taken(`There is a User ${wanted.email} already.`);
    const link = `An administrator lets SCIM have them: vouch server scim link ${wanted.email}`;
    if (state !== "open") throw taken(`There is a person ${wanted.email} here whom SCIM did not make. ${link}`);
    if (externalId !== undefined && externalId !== wanted.externalId) {
      throw taken(
        `The User ${wanted.email} who was deleted had another externalId${wanted.externalId === undefined ? ", and this one has none" : ""}. ${link}`,
      );
    }
  }
  await provisioned.setState(user.id, "managed");
  const changes = differences(await knownToScim(tables, user.id), wanted);
  await provisioned.write(user.id, wanted);
  const detail = { externalId: wanted.externalId ?? null, taken: made === undefined, ...(made ? {} : changes) };
  await tables.record(doneBy(client, { event: "person_provisioned", user, detail }));
  await setActive(tables, client, { user, active: wanted.active ?? true, now });
  return await knownToScim(tables, user.id);
}

/** Makes the person as they are wanted. `refused` is told whose address it is that they cannot have. Throws ScimError (404, 409). */
export async function changePerson(
  tables: Recording,
  client: ScimClient,
  { id, wanted, now, refused }: { id: string; wanted: WantedPerson; now: number; refused: (user: User) => void },
): Promise<Provisioned> {
  const before = await knownToScim(tables, id);
  const changes = differences(before, wanted);
  if (changes) {
    if (!(await tables.provisioned.write(id, wanted))) {
      const other = await tables.accounts.findUser(wanted.email);
      if (other) refused(other);
      throw taken(`There is another person ${wanted.email}.`);
    }
    const user = { id, email: wanted.email };
    await tables.record(doneBy(client, { event: "person_changed", user, detail: changes }));
  }
  const user = { ...before, email: wanted.email };
  if (wanted.active !== undefined) await setActive(tables, client, { user, active: wanted.active, now });
  return await knownToScim(tables, id);
}

const parts = ["email", "displayName", "givenName", "familyName", "externalId"] as const;

/**
 * What of the person changes, with the values before and after in the same order; empty texts are none. Undefined if
 * nothing does. The texts are short: those of SCIM's attributes.
 */
function differences(before: ScimPerson, wanted: ScimPerson): Record<"changed" | "from" | "to", string[]> | undefined {
  const changed = parts.filter((part) => before[part] !== wanted[part]);
  if (changed.length === 0) return undefined;
  const of = (person: ScimPerson) => changed.map((part) => printable(person[part] ?? ""));
  return { changed, from: of(before), to: of(wanted) };
}

/**
 * Disables the person and ends what SCIM has said of them; they keep their keys, and no role. SCIM sees them no more until
 * it creates them again. Throws ScimError (404).
 */
export async function deprovision(
  tables: Recording,
  client: ScimClient,
  { id, now }: { id: string; now: number },
): Promise<void> {
  const { email, ...person } = await knownToScim(tables, id);
  const user = { id, email };
  await setActive(tables, client, { user: { ...person, email }, active: false, now });
  await giveRole(tables, client, { email, role: "member" });
  const { left } = await tables.groups.replaceMemberships(id, "scim", [], now);
  if (left.length > 0) {
    const detail = { groups: left, source: "scim" };
    await tables.record(doneBy(client, { event: "group_left", user, detail }));
  }
  await tables.provisioned.setState(id, "open");
  await tables.record(doneBy(client, { event: "person_deprovisioned", user }));
}

/** An administrator's word on whether a person is active goes before SCIM's. */
async function setActive(
  tables: Recording,
  client: ScimClient,
  { user, active, now }: { user: User; active: boolean; now: number },
): Promise<void> {
  if (active) await enable(tables, client, user);
  else if (!user.disabled) await disable(tables, client, { email: user.email, now });
}

function taken(detail: string): ScimError {
  return new ScimError(409, detail, "uniqueness");
}
