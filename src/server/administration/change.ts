/** Everything that an administrator can change, as one value: a touch is given for exactly it, and the API takes it. */
import * as v from "valibot";
import { AnnouncedBody, digestOf } from "../../announced/body.ts";
import { VouchError } from "../../base/errors.ts";
import { checkedProfile } from "../announced/file.ts";
import { removeLaptopProfile, setLaptopProfile, stateOf } from "./laptop-profiles.ts";
import { normalizeEmail } from "../keys/email-address.ts";
import { canonicalIssuer } from "../configuration/table-sso.ts";
import { groupName, groupNameRule } from "../store/people/groups.ts";
import { roles } from "../store/people/roles.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { CredentialId } from "../webauthn/webauthn-json.ts";
import type { Actor } from "./actor.ts";
import { addGroup, joinGroup, knownGroup, leaveGroup, removeGroup, renameGroup } from "./groups.ts";
import { linkIdentity, subjectForm, unlinkIdentity } from "./identities.ts";
import { addScimToken, linkToScim, removeScimToken, scimTokenName, unlinkFromScim } from "./scim-access.ts";
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
/** The name of a profile of laptops has the form of a group's. */
const profile = v.pipe(v.string(), v.regex(groupName, `expected ${groupNameRule}`));
const issuer = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => canonicalIssuer(text) === text, "expected an issuer as its ID tokens have it"),
);
const subject = v.pipe(v.string(), v.regex(subjectForm, "expected a subject of at most 255 characters"));
const token = v.pipe(v.string(), v.regex(scimTokenName, "expected the name of a token: a to z, digits and . _ -"));
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
  v.strictObject({ type: v.literal("link-identity"), email, issuer, subject }),
  v.strictObject({ type: v.literal("unlink-identity"), email, issuer, subject }),
  v.strictObject({ type: v.literal("link-scim"), email }),
  v.strictObject({ type: v.literal("unlink-scim"), email }),
  v.strictObject({ type: v.literal("add-scim-token"), token }),
  v.strictObject({ type: v.literal("remove-scim-token"), token }),
  v.strictObject({ type: v.literal("set-profile"), profile, group: v.exactOptional(group), body: AnnouncedBody }),
  v.strictObject({ type: v.literal("remove-profile"), profile }),
]);

export type AdminChange = v.InferOutput<typeof AdminChange>;

/** What came of a change. */
type Outcome = Record<string, string | number | boolean>;

/** The types of all changes. */
export const changeTypes = AdminChange.options.map(({ entries }) => entries.type.literal);

/** What the touch is given for, in this order; of a boolean its name where it is true, else nothing. */
export function partsOf(change: AdminChange): string[] {
  return [
    change.type,
    ...("group" in change && change.group !== undefined ? [change.group] : []),
    ...("email" in change ? [change.email] : []),
    ...("key" in change ? [change.key] : []),
    ...("role" in change ? [change.role] : []),
    ...("name" in change ? [change.name] : []),
    ...("last" in change ? [change.last ? "last" : ""] : []),
    ...("issuer" in change ? [change.issuer, change.subject] : []),
    ...("token" in change ? [change.token] : []),
    ...("profile" in change ? [change.profile] : []),
    ...("body" in change ? [digestOf(change.body)] : []),
  ];
}

/**
 * Ids of the person, of the group and of the token or profile (`item`) that a change is about, as its address and its name
 * led to them; "" of what is yet to be made. A touch is given for them, too: an address may be given to somebody else
 * meanwhile, and a name to another group, token or profile.
 */
export interface Subjects {
  person: string;
  group: string;
  item: string;
}

/** Of nobody and nothing. */
export const noSubjects: Subjects = { person: "", group: "", item: "" };

/** Returns whom and what the change is about now. Throws `person_not_found`, `group_not_found`. */
export async function subjectsOf(tables: Transaction, change: AdminChange): Promise<Subjects> {
  const subjects = { ...noSubjects };
  if (change.type === "invite") subjects.person = (await tables.accounts.findUser(change.email))?.id ?? "";
  else if ("email" in change) subjects.person = (await knownPerson(tables, change.email)).id;
  if ("group" in change && change.group !== undefined && change.type !== "add-group")
    subjects.group = (await knownGroup(tables, change.group)).id;
  if (change.type === "remove-scim-token") {
    subjects.item = (await tables.scimTokens.list()).find(({ name }) => name === change.token)?.id ?? "";
  }
  if ("profile" in change) {
    const found = await tables.laptopProfiles.find(change.profile);
    if (found !== undefined) subjects.item = stateOf(found);
  }
  return subjects;
}

/** Throws `login_denied` unless the change is about the same as was shown to who touched their key; undefined was not shown. */
export function expectSubjects(found: Subjects, shown: { [Of in keyof Subjects]: string | undefined }): void {
  const isOther = (of: keyof Subjects) => shown[of] !== undefined && shown[of] !== found[of];
  const hint = "Look again whom it is about, and begin anew.";
  if (isOther("person")) throw new VouchError("login_denied", "The address is another person's by now.", { hint });
  if (isOther("group")) throw new VouchError("login_denied", "The name is another group's by now.", { hint });
  if (isOther("item"))
    throw new VouchError("login_denied", "The name is another one's by now, or what it names was changed.", { hint });
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
 * change throws, but `protocol_error` for `usage`.
 */
export async function perform(
  tables: Recording,
  actor: Actor,
  { change, subjects, now }: { change: AdminChange; subjects: Subjects; now: number },
): Promise<Outcome> {
  try {
    expectSubjects(await subjectsOf(tables, change), subjects);
    return await make(tables, actor, change, now);
  } catch (error) {
    throw asAsked(error);
  }
}

/** How a command ends for what is, over the network, a request that is not as expected. */
const asked: ReadonlySet<string> = new Set([
  "usage",
  "settings_invalid",
  "identity_not_found",
  "identity_taken",
  "profile_not_found",
  "scim_token_not_found",
  "limit_reached",
]);

/** Such an error as `protocol_error`. */
export function asAsked(error: unknown): unknown {
  const isAsked = error instanceof VouchError && asked.has(error.code);
  return isAsked ? new VouchError("protocol_error", error.message, { hint: error.hint, cause: error }) : error;
}

async function make(tables: Recording, actor: Actor, change: AdminChange, now: number): Promise<Outcome> {
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
    case "link-identity":
      return await linkIdentity(tables, actor, { ...change, now });
    case "unlink-identity":
      await unlinkIdentity(tables, actor, change);
      return {};
    case "link-scim":
      return await linkToScim(tables, actor, change);
    case "unlink-scim":
      return await unlinkFromScim(tables, actor, { ...change, now });
    case "add-scim-token":
      return { token: await addScimToken(tables, actor, { name: change.token, now }) };
    case "remove-scim-token":
      await removeScimToken(tables, actor, { name: change.token });
      return {};
    case "set-profile": {
      const { profile: name, group: toGroup } = change;
      const body = checkedProfile(change.body, name);
      return await setLaptopProfile(tables, actor, { name, group: toGroup, body, now });
    }
    case "remove-profile":
      await removeLaptopProfile(tables, actor, { name: change.profile });
      return {};
  }
}
