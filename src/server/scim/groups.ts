/** /scim/v2/Groups: groups that SCIM made, and whom it has put into them. */
import * as v from "valibot";
import {
  addMembers,
  changeGroup,
  deprovisionGroup,
  groupOfScim,
  maxMembers,
  provisionGroup,
  removeMembers,
  replaceMembers,
} from "../administration/provisioned-groups.ts";
import type { ScimClient } from "../administration/actor.ts";
import { ScimError } from "../http/failure.ts";
import type { Group } from "../store/people/groups.ts";
import type { Recording, Transaction } from "../store/store.ts";
import { Complex, readBody, schemasWith, Text, validated } from "./body.ts";
import { scim } from "./client.ts";
import type { Clause } from "./filter.ts";
import { answer, endpoints, groupSchema, listResponse } from "./names.ts";
import { type Change, noSuchAttribute, readPatch, refuseIfNamed } from "./patch.ts";
import { readAsked } from "./query.ts";

const DisplayName = v.pipe(v.string("expected a text"), v.maxLength(64, "expected at most 64 characters"));

/** Members of one request. */
const maxMembersSent = 1000;

const Member = v.pipe(
  Complex,
  v.object({
    value: v.pipe(v.string("expected the id of a User"), v.maxLength(64, "expected the id of a User")),
    type: v.nullish(v.pipe(v.string(), v.regex(/^user$/i, "expected User: groups are not nested"))),
  }),
  v.transform(({ value }) => value),
);
const Members = v.pipe(
  v.array(Member, "expected an array"),
  v.maxLength(maxMembersSent, "expected at most 1000 of them"),
);

const GroupBody = v.object({
  schemas: schemasWith(groupSchema),
  displayname: DisplayName,
  externalid: Text,
  members: v.nullish(Members),
});

/** POST /scim/v2/Groups */
export const createGroup = scim(async ({ request, context, client, change }) => {
  const asked = readAsked(request);
  const { displayname: name, externalid: externalId, members } = await readBody(request, GroupBody);
  const resource = await change(async (tables, now) => {
    const group = await provisionGroup(tables, client, { name, externalId, now });
    await addMembers(tables, client, group, new Set(members));
    return await toResource(tables, group, context.url, asked.has("members"));
  });
  return answer(asked.project(resource), { status: 201, location: resource.meta.location });
});

/** GET /scim/v2/Groups. A page ends before it has more members than one group may have. */
export const listGroups = scim(async ({ request, context }) => {
  const asked = readAsked(request);
  const { store, url } = context;
  const { clauses, startIndex, count } = asked;
  const offset = startIndex - 1;
  const found = clauses && (await search(store, clauses));
  const groups =
    found?.slice(offset, offset + count) ?? (await store.groups.ofSource("scim", { offset, limit: count }));
  const total = found?.length ?? (await store.groups.countOfSource("scim"));
  const resources: Record<string, unknown>[] = [];
  let members = 0;
  for (const group of groups) {
    const resource = await toResource(store, group, url, asked.has("members"));
    members += resource.members?.length ?? 0;
    if (members > maxMembers && resources.length > 0) break;
    resources.push(asked.project(resource));
  }
  return answer(listResponse(resources, total, startIndex));
});

/** GET /scim/v2/Groups/{id} */
export const getGroup = scim(async ({ request, context, id }) => {
  const asked = readAsked(request);
  const group = await groupOfScim(context.store, id);
  return answer(asked.project(await toResource(context.store, group, context.url, asked.has("members"))));
});

/** PUT /scim/v2/Groups/{id}. What is left out is none. */
export const replaceGroup = scim(async ({ request, context, client, id, change }) => {
  const asked = readAsked(request);
  const { displayname: name, externalid: externalId, members } = await readBody(request, GroupBody);
  const resource = await change(async (tables) => {
    const group = await changeGroup(tables, client, { id, name, externalId });
    await replaceMembers(tables, client, group, members ?? []);
    return await toResource(tables, group, context.url, asked.has("members"));
  });
  return answer(asked.project(resource));
});

/** PATCH /scim/v2/Groups/{id}. Answered without the group, which may be large (RFC 7644, 3.5.2). */
export const patchGroup = scim(async ({ request, client, id, change }) => {
  readAsked(request);
  const changes = await readPatch(request);
  await change(async (tables) => {
    let group = await groupOfScim(tables, id);
    for (const each of changes) group = await apply(tables, client, group, each);
  });
  return new Response(null, { status: 204 });
});

/** DELETE /scim/v2/Groups/{id} */
export const deleteGroup = scim(async ({ client, id, change }) => {
  await change((tables) => deprovisionGroup(tables, client, id));
  return new Response(null, { status: 204 });
});

async function apply(tables: Recording, client: ScimClient, group: Group, change: Change): Promise<Group> {
  const { op, attribute, value } = change;
  const isRemoved = op === "remove" || value === null;
  if (attribute.isExtension || attribute.name === "schemas") return group;
  switch (attribute.name) {
    case "displayname":
      if (isRemoved) throw new ScimError(400, "A Group is never without displayName.", "mutability");
      return await changeGroup(tables, client, { ...group, name: validated(DisplayName, value) });
    case "externalid":
      return await changeGroup(tables, client, {
        ...group,
        externalId: isRemoved ? undefined : validated(Text, value),
      });
    case "members":
      await applyToMembers(tables, client, group, change);
      return group;
    case "id":
    case "meta":
      refuseIfNamed(change);
      return group;
    default:
      throw noSuchAttribute(change);
  }
}

/** Entra removes by a value, which RFC 7644 has no meaning for; a single member comes without its array. */
async function applyToMembers(tables: Recording, client: ScimClient, group: Group, change: Change): Promise<void> {
  const { op, attribute, value } = change;
  if (attribute.sub !== undefined) throw noSuchAttribute(change);
  if (attribute.filter !== undefined) {
    if (op !== "remove") throw new ScimError(400, "A member is added or removed, not changed.", "mutability");
    await removeMembers(tables, client, group, idsOf(attribute.filter));
    return;
  }
  const isNone = value === undefined || value === null;
  const people = isNone ? [] : validated(Members, Array.isArray(value) ? value : [value]);
  if (op === "add") await addMembers(tables, client, group, people);
  else if (op === "remove" && !isNone) await removeMembers(tables, client, group, people);
  else await replaceMembers(tables, client, group, people);
}

/** Whom a path `members[value eq "ID"]` names. */
function idsOf(filter: Clause[]): string[] {
  const ids = filter.flatMap(({ attribute: { name }, value }) =>
    name === "value" && typeof value === "string" ? [value] : name === "type" ? [] : [undefined],
  );
  const [id, ...others] = ids;
  if (id !== undefined && others.length === 0) return [id];
  throw new ScimError(400, 'The path expected members[value eq "ID"].', "invalidFilter");
}

/** Throws ScimError `invalidFilter`. */
async function search({ groups }: Transaction, clauses: Clause[]): Promise<Group[]> {
  let found: Group[] | undefined;
  for (const { attribute, value } of clauses) {
    const text = typeof value === "string" ? value : "";
    const { name, sub, isExtension } = attribute;
    let these: (Group | undefined)[];
    if (isExtension || (sub !== undefined && !(name === "members" && sub === "value"))) throw notComparable();
    if (name === "id") these = [await groups.find(text)];
    else if (name === "displayname") these = [await groups.findByName(text)];
    else if (name === "externalid") these = await groups.findByExternalId("scim", text);
    else if (name === "members") {
      these = (await groups.ofUser(text)).filter(({ sources }) => sources.includes("scim")).map(({ group }) => group);
    } else throw notComparable();
    const ids = new Set(these.map((group) => group?.id));
    found = (found ?? these.filter((group) => group?.source === "scim").map((group) => group!)).filter(({ id }) =>
      ids.has(id),
    );
  }
  return found ?? [];
}

function notComparable(): ScimError {
  return new ScimError(
    400,
    "A filter of Groups compares displayName, externalId, id or members.value.",
    "invalidFilter",
  );
}

async function toResource({ groups }: Transaction, group: Group, url: string, hasMembers: boolean) {
  const { id, name, externalId, createdAt } = group;
  const members = hasMembers ? await groups.membersBy(id, "scim") : undefined;
  return {
    schemas: [groupSchema],
    id,
    ...(externalId !== undefined && { externalId }),
    displayName: name,
    ...(members && {
      members: members.map((person) => ({
        value: person.id,
        $ref: `${url}${endpoints.User}/${person.id}`,
        type: "User",
      })),
    }),
    meta: {
      resourceType: "Group",
      created: new Date(createdAt * 1000).toISOString(),
      location: `${url}${endpoints.Group}/${id}`,
    },
  };
}
