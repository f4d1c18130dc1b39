/** Everything that an administrator can change, as one value: a touch is given for exactly it, and the API takes it. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { normalizeEmail } from "../keys/email-address.ts";
import { groupName, groupNameRule } from "../store/people/groups.ts";
import { roles } from "../store/people/roles.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { CredentialId } from "../webauthn/webauthn-json.ts";
import type { Actor } from "./actor.ts";
import { addGroup, joinGroup, knownGroup, leaveGroup, removeGroup, renameGroup } from "./groups.ts";
import { disable, enable, endSessions, giveRole, invite, knownPerson, removeKey, removeKeys } from "./people.ts";

/** As the server has it, so that the touch is given for what is sent. */
const email = v.pipe(
  v.string(),
  v.maxLength(254),
  v.check(
    (text) => normalizeEmail(text) === text,
    ({ input }) => `expected an email address${normalizeEmail(input) === undefined ? "" : " in lower case"}`,
  ),
);
const group = v.pipe(v.string(), v.regex(groupName, `expected ${groupNameRule}`));
/** Also if no administrator, or no key of the last one, is left. */
const last = v.optional(v.boolean(), false);

/** The members stand in the order in which a touch is given for them. */
export const AdminChange = v.variant("type", [
  v.strictObject({ type: v.literal("invite"), email }),
  v.strictObject({ type: v.literal("disable"), email, last }),
  v.strictObject({ type: v.literal("enable"), email }),
  v.strictObject({ type: v.literal("end-sessions"), email }),
  v.strictObject({ type: v.literal("remove-key"), email, key: CredentialId, last }),
  v.strictObject({ type: v.literal("remove-keys"), email, last }),
  v.strictObject({ type: v.literal("give-role"), email, role: v.picklist(roles), last }),
  v.strictObject({ type: v.literal("add-group"), group }),
  v.strictObject({ type: v.literal("rename-group"), group, name: group }),
  v.strictObject({ type: v.literal("remove-group"), group }),
  v.strictObject({ type: v.literal("join-group"), group, email }),
  v.strictObject({ type: v.literal("leave-group"), group, email }),
]);

export type AdminChange = v.InferOutput<typeof AdminChange>;

/** The types of all changes. */
export const changeTypes = AdminChange.options.map(({ entries }) => entries.type.literal);

/** What the touch is given for, in this order; of a boolean its name where it is true, else nothing. */
export function partsOf(change: AdminChange): string[] {
  return [
    change.type,
    ...("group" in change ? [change.group] : []),
    ...("email" in change ? [change.email] : []),
    ...("key" in change ? [change.key] : []),
    ...("role" in change ? [change.role] : []),
    ...("name" in change ? [change.name] : []),
    ...("last" in change ? [change.last ? "last" : ""] : []),
  ];
}

/**
 * Looks whether there is what the change is about, so that an impossible one costs no touch; `perform` alone decides.
 * Throws `person_not_found`, `group_not_found`, `name_taken`.
 */
export async function expectPossible(tables: Transaction, change: AdminChange): Promise<void> {
  if ("email" in change && change.type !== "invite") await knownPerson(tables, change.email);
  if ("group" in change && change.type !== "add-group") await knownGroup(tables, change.group);
  const name = change.type === "add-group" ? change.group : "name" in change ? change.name : undefined;
  const taken = name !== undefined && name !== ("name" in change ? change.group : "");
  if (!taken || (await tables.groups.findByName(name)) === undefined) return;
  throw new VouchError("name_taken", `There is a group "${name}" already.`, { hint: "Choose another name." });
}

/**
 * Checks, makes and records the change in the transaction of its tables; `now` in seconds since 1970. Returns what came of
 * it. Throws what the function of the change throws.
 */
export async function perform(
  tables: Recording,
  actor: Actor,
  change: AdminChange,
  now: number,
): Promise<Record<string, string | number | boolean>> {
  switch (change.type) {
    case "invite":
      return await invite(tables, actor, { ...change, now });
    case "disable":
      return await disable(tables, actor, { ...change, now });
    case "enable":
      return await enable(tables, actor, change);
    case "end-sessions":
      return await endSessions(tables, actor, { ...change, now });
    case "remove-key":
      return await removeKey(tables, actor, { ...change, now });
    case "remove-keys":
      return await removeKeys(tables, actor, { ...change, now });
    case "give-role":
      return await giveRole(tables, actor, change);
    case "add-group":
      return { id: (await addGroup(tables, actor, { name: change.group, now })).id };
    case "rename-group":
      await renameGroup(tables, actor, change);
      return {};
    case "remove-group":
      return await removeGroup(tables, actor, change);
    case "join-group":
      return await joinGroup(tables, actor, change);
    case "leave-group":
      return await leaveGroup(tables, actor, change);
  }
}
