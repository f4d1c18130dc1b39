/** /scim/v2/Users: people whom SCIM made, or was let take up. */
import * as v from "valibot";
import {
  changePerson,
  deprovision,
  knownToScim,
  provision,
  type WantedPerson,
} from "../administration/provisioning.ts";
import type { ServerContext } from "../context.ts";
import { ScimError } from "../http/failure.ts";
import { normalizeEmail } from "../keys/email-address.ts";
import type { Provisioned } from "../store/people/provisioned.ts";
import type { User } from "../store/people/user.ts";
import type { Transaction } from "../store/store.ts";
import { Complex, Flag, lowerCased, readBody, schemasWith, ShownText, Text, validated } from "./body.ts";
import { scim } from "./client.ts";
import type { Clause } from "./filter.ts";
import { answer, endpoints, listResponse, maxPage, userSchema } from "./names.ts";
import { type Change, noSuchAttribute, readPatch, refuseIfNamed } from "./patch.ts";
import { readAsked } from "./query.ts";

/** The person's address: what the server calls them everywhere. */
const UserName = v.pipe(
  v.string("expected an e-mail address"),
  v.maxLength(254, "expected at most 254 characters"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const email = normalizeEmail(dataset.value);
    if (email !== undefined) return email;
    addIssue({ message: "expected an e-mail address", input: dataset.value });
    return NEVER;
  }),
);

const Name = v.pipe(
  v.nullish(Complex),
  v.transform((members) => members ?? {}),
  v.object({ givenname: ShownText, familyname: ShownText }),
);

const UserBody = v.object({
  schemas: schemasWith(userSchema),
  username: UserName,
  displayname: ShownText,
  externalid: Text,
  name: v.optional(Name, {}),
  active: v.nullish(Flag),
});

/** POST /scim/v2/Users */
export const createUser = scim(async ({ request, context, client, change }) => {
  const asked = readAsked(request);
  const wanted = wantedOf(await readBody(request, UserBody));
  const refused = refusedIn(context);
  const person = await change((tables, now) => provision(tables, client, wanted, { now, refused }));
  const resource = toResource(person, context.url);
  return answer(asked.project(resource), { status: 201, location: resource.meta.location });
});

/** GET /scim/v2/Users */
export const listUsers = scim(async ({ request, context }) => {
  const { clauses, startIndex, count, project } = readAsked(request);
  const { provisioned } = context.store;
  const offset = startIndex - 1;
  const found = clauses && (await search(context.store, clauses));
  const people = found?.slice(offset, offset + count) ?? (await provisioned.page({ offset, limit: count }));
  const total = found?.length ?? (await provisioned.count());
  const resources = people.map((person) => project(toResource(person, context.url)));
  return answer(listResponse(resources, total, startIndex));
});

/** GET /scim/v2/Users/{id} */
export const getUser = scim(async ({ request, context, id }) => {
  const { project } = readAsked(request);
  return answer(project(toResource(await knownToScim(context.store, id), context.url)));
});

/** PUT /scim/v2/Users/{id}. What is left out is none, but `active`: then it stays as it is. */
export const replaceUser = scim(async ({ request, context, client, id, change }) => {
  const asked = readAsked(request);
  const wanted = wantedOf(await readBody(request, UserBody));
  const person = await change((tables, now) =>
    changePerson(tables, client, { id, wanted, now, refused: refusedIn(context) }),
  );
  return answer(asked.project(toResource(person, context.url)));
});

/** PATCH /scim/v2/Users/{id} */
export const patchUser = scim(async ({ request, context, client, id, change }) => {
  const asked = readAsked(request);
  const changes = await readPatch(request);
  const person = await change(async (tables, now) => {
    const before = await knownToScim(tables, id);
    const wanted = changes.reduce<WantedPerson>(apply, { ...before, active: undefined });
    return await changePerson(tables, client, { id, wanted, now, refused: refusedIn(context) });
  });
  return answer(asked.project(toResource(person, context.url)));
});

/** DELETE /scim/v2/Users/{id} */
export const deleteUser = scim(async ({ client, id, change }) => {
  await change((tables, now) => deprovision(tables, client, { id, now }));
  return new Response(null, { status: 204 });
});

/** Notes whom a refused request is about, for the audit log. */
function refusedIn({ caller }: ServerContext) {
  return (user: User): void => void Object.assign(caller, { user });
}

function wantedOf({ username, displayname, externalid, name, active }: v.InferOutput<typeof UserBody>): WantedPerson {
  return {
    email: username,
    displayName: displayname,
    givenName: name.givenname,
    familyName: name.familyname,
    externalId: externalid,
    active: active ?? undefined,
  };
}

/** Of RFC 7643, 4.1, and not kept. What is made of `userName` is ignored, too, as Entra sends it with each change. */
const ignored = new Set(
  "emails nickname profileurl title usertype preferredlanguage locale timezone password phonenumbers ims photos addresses entitlements roles x509certificates schemas".split(
    " ",
  ),
);
const ofName = new Set("formatted middlename honorificprefix honorificsuffix".split(" "));

/** The person with one change more. */
function apply(wanted: WantedPerson, change: Change): WantedPerson {
  const { op, attribute, value } = change;
  const { name, sub, isExtension } = attribute;
  if (isExtension || ignored.has(name)) return wanted;
  const isRemoved = op === "remove" || value === null;
  if (sub !== undefined && name !== "name") throw noSuchAttribute(change);
  switch (name) {
    case "username":
      if (isRemoved) throw new ScimError(400, "A User is never without userName.", "mutability");
      return { ...wanted, email: validated(UserName, value) };
    case "displayname":
      return { ...wanted, displayName: isRemoved ? undefined : validated(ShownText, value) };
    case "externalid":
      return { ...wanted, externalId: isRemoved ? undefined : validated(Text, value) };
    case "active":
      if (isRemoved) throw new ScimError(400, "A User is active or is not: replace it.", "mutability");
      return { ...wanted, active: validated(Flag, value) };
    case "name":
      return applyToName(wanted, change, isRemoved);
    case "id":
    case "meta":
    case "groups":
      refuseIfNamed(change);
      return wanted;
    default:
      throw noSuchAttribute(change);
  }
}

function applyToName(wanted: WantedPerson, change: Change, isRemoved: boolean): WantedPerson {
  const { sub } = change.attribute;
  const text = () => (isRemoved ? undefined : validated(ShownText, change.value));
  if (sub === "givenname") return { ...wanted, givenName: text() };
  if (sub === "familyname") return { ...wanted, familyName: text() };
  if (sub !== undefined) {
    if (ofName.has(sub)) return wanted;
    throw noSuchAttribute(change);
  }
  if (isRemoved) return { ...wanted, givenName: undefined, familyName: undefined };
  const members = lowerCased(change.value);
  const { givenname, familyname } = validated(Name, change.value);
  return {
    ...wanted,
    givenName: "givenname" in members ? givenname : wanted.givenName,
    familyName: "familyname" in members ? familyname : wanted.familyName,
  };
}

/** Finds by an index, and compares the rest. Throws ScimError `invalidFilter`. */
async function search({ provisioned }: Transaction, clauses: Clause[]): Promise<Provisioned[]> {
  const matchers = clauses.map(matcherOf);
  for (const { attribute, value } of clauses) {
    const text = typeof value === "string" ? value : "";
    let found: (Provisioned | undefined)[] | undefined;
    if (attribute.name === "id") found = [await provisioned.find(text)];
    if (isAddress(attribute.name)) found = [await provisioned.findByEmail(normalizeEmail(text) ?? "")];
    if (attribute.name === "externalid") found = await provisioned.findByExternalId(text, maxPage);
    if (found)
      return found.filter((person) => person !== undefined).filter((person) => matchers.every((is) => is(person)));
  }
  throw new ScimError(400, "A filter of Users compares userName, externalId, emails or id.", "invalidFilter");
}

function matcherOf({ attribute: { name, sub, isExtension }, value }: Clause): (person: Provisioned) => boolean {
  const text = typeof value === "string" ? value : undefined;
  if (!isExtension && (sub === undefined || (name === "emails" && sub === "value"))) {
    if (isAddress(name)) return ({ email }) => email === normalizeEmail(text ?? "");
    if (name === "id") return ({ id }) => id === text;
    if (name === "externalid") return ({ externalId }) => externalId !== undefined && externalId === text;
    if (name === "displayname") return ({ displayName }) => displayName?.toLowerCase() === text?.toLowerCase();
    if (name === "active") return ({ disabled }) => disabled === (value === false);
  }
  throw new ScimError(
    400,
    "A filter of Users compares userName, externalId, emails, id, displayName or active.",
    "invalidFilter",
  );
}

function isAddress(name: string): boolean {
  return name === "username" || name === "emails";
}

function toResource(person: Provisioned, url: string) {
  const { id, email, displayName, givenName, familyName, externalId, disabled, createdAt } = person;
  return {
    schemas: [userSchema],
    id,
    ...(externalId !== undefined && { externalId }),
    userName: email,
    ...(displayName !== undefined && { displayName }),
    ...((givenName ?? familyName) !== undefined && {
      name: {
        ...(familyName !== undefined && { familyName }),
        ...(givenName !== undefined && { givenName }),
      },
    }),
    emails: [{ value: email, type: "work", primary: true }],
    active: !disabled,
    meta: {
      resourceType: "User",
      created: new Date(createdAt * 1000).toISOString(),
      location: `${url}${endpoints.User}/${id}`,
    },
  };
}
