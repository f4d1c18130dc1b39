/** Everything that an administrator can change, as one value: a touch is given for exactly it, and the API takes it. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { normalizeEmail } from "../keys/email-address.ts";
import { groupName } from "../store/people/groups.ts";
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
  v.check((text) => normalizeEmail(text) === text, "expected an email address in lower case"),
);
const group = v.pipe(v.string(), v.regex(groupName, "expected the name of a group"));
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
 * Ids of the person and of the group that a change is about, as its address and its name led to them; "" of what is yet to
 * be made. A touch is given for them, too: an address may be given to somebody else meanwhile, and a name to another group.
 */
export interface Subjects {
  person: string;
  group: string;
}

/** Returns whom and what the change is about now. Throws `person_not_found`, `group_not_found`. */
export async function subjectsOf(tables: Transaction, change: AdminChange): Promise<Subjects> {
  const subjects = { person: "", group: "" };
  if (change.type === "invite") subjects.person = (await tables.accounts.findUser(change.email))?.id ?? "";
  else if ("email" in change) subjects.person = (await knownPerson(tables, change.email)).id;
  if ("group" in change && change.type !== "add-group") subjects.group = (await knownGroup(tables, change.group)).id;
  return subjects;
}

/** Throws `login_denied` unless the change is about the same as was shown to who touched their key; undefined was not shown. */
export function expectSubjects(found: Subjects, shown: { [Of in keyof Subjects]: string | undefined }): void {
  const isOther = (of: keyof Subjects) => shown[of] !== undefined && shown[of] !== found[of];
  const hint = "Look again whom it is about, and begin anew.";
  if (isOther("person")) throw new VouchError("login_denied", "The address is another person's by now.", { hint });
  if (isOther("group")) throw new VouchError("login_denied", "The name is another group's by now.", { hint });
}

/**
 * Looks whether there is what the change is about, so that an impossible one costs no touch; `perform` alone decides. Throws
 * as `subjectsOf`, and `name_taken`.
 */
export async function expectPossible(tables: Transaction, change: AdminChange): Promise<Subjects> {
  const subjects = await subjectsOf(tables, change);
  const name = change.type === "add-group" ? change.group : "name" in change ? change.name : undefined;
  const taken = name !== undefined && name !== ("name" in change ? change.group : "");
  if (!taken || (await tables.groups.findByName(name)) === undefined) return subjects;
  throw new VouchError("name_taken", `There is a group "${name}" already.`, { hint: "Choose another name." });
}

/**
 * Checks, makes and records the change in the transaction of its tables, about those for whom the touch was given; `now` in
 * seconds since 1970. Returns what came of it. Throws as `subjectsOf` and `expectSubjects`, and what the function of the
 * change throws.
 */
export async function perform(
  tables: Recording,
  actor: Actor,
  { change, subjects, now }: { change: AdminChange; subjects: Subjects; now: number },
): Promise<Record<string, string | number | boolean>> {
  expectSubjects(await subjectsOf(tables, change), subjects);
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
