/** GET /v1/admin/…: what auditors and administrators read. Times are seconds since 1970. */
import * as v from "valibot";
import { digestOf } from "../../../announced/body.ts";
import { queryNumber, QueryText, readQuery } from "../../http/query.ts";
import { auditEvents } from "../../audit/events.ts";
import { AuditCursor, writeCursor } from "../../audit/cursor.ts";
import { searchPage } from "../../audit/search.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { authorize } from "../../oauth/authorization.ts";
import { levelOfKey } from "../../signing/protection.ts";
import { statusesAt } from "../../signing/life-cycle.ts";
import { endOfTime } from "../../store/audit.ts";
import { scimStates } from "../../store/people/provisioned.ts";
import { roles } from "../../store/people/roles.ts";
import { activity } from "../activity.ts";
import { announcementFor, bodyOf } from "../../announced/announcement.ts";
import { knownPerson } from "../people.ts";
import { knownGroup } from "../groups.ts";
import { InviteCursor, openInvites, writeInviteCursor } from "../list-invites.ts";
import { type ListedPerson, listedPerson, peoplePage, personJson } from "../list-people.ts";
import { expectRight } from "../rights.ts";

const maxLimit = 200;
const limit = v.optional(queryNumber(1, maxLimit), String(maxLimit));
const after = v.optional(QueryText, "");
const time = queryNumber(0, endOfTime);

/** Returns a handler for those who may read: `answer` gets the query, as the schema has it, and gives the JSON. */
function reading<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: (query: v.InferOutput<Schema>, context: ServerContext) => Promise<object>,
): Handler {
  return async (request, context) => {
    const { user } = await authorize(request, context);
    await expectRight(context.store, user.id, "read");
    const body = await answer(readQuery(request, schema), context);
    return { response: Response.json(body), user: user.id };
  };
}

const PeopleQuery = v.object({
  after,
  limit,
  search: v.exactOptional(QueryText),
  role: v.exactOptional(v.picklist(roles)),
  disabled: v.exactOptional(
    v.pipe(
      v.picklist(["true", "false"]),
      v.transform((text) => text === "true"),
    ),
  ),
  scim: v.exactOptional(v.picklist(scimStates)),
  group: v.exactOptional(QueryText),
});

/** GET /v1/admin/people: people in the order of their emails, page by page, with filters. */
export const listPeople = reading(PeopleQuery, async ({ group, ...query }, { store, now }) => {
  const id = group === undefined ? undefined : (await knownGroup(store, group)).id;
  const { search, role, disabled, scim } = query;
  const filter = { search, role, disabled, scim, group: id };
  const page = await peoplePage(store, now(), { after: query.after, limit: query.limit, filter });
  return { people: page.map(answered), ...next(page, query.limit, ({ user }) => user.email) };
});

/** GET /v1/admin/person: one person, with their groups, identities and live sessions. */
export const showPerson = reading(v.object({ email: QueryText }), async ({ email }, { store, now }) => {
  const listed = await listedPerson(store, email, now());
  const { user } = listed;
  const groups = await store.groups.ofUser(user.id);
  const identities = await store.identities.ofUser(user.id);
  const sessions = await store.sessions.ofUser(user.id, now());
  const { externalId } = await store.provisioned.stateOf(user.id);
  return {
    person: {
      ...answered(listed),
      externalId: externalId ?? null,
      groups: groups.map(({ group, sources }) => ({ name: group.name, sources })),
      identities: identities.map(({ issuer, subject, createdAt, lastSeenAt }) => ({
        issuer,
        subject,
        createdAt,
        lastSeenAt: lastSeenAt ?? null,
      })),
      liveSessions: sessions.map(({ createdAt, expiresAt, keyName, client }) => ({
        createdAt,
        expiresAt,
        key: keyName,
        client: client ?? null,
      })),
    },
  };
});

/** GET /v1/admin/groups: groups in the order of their names, page by page. */
export const listGroups = reading(v.object({ after, limit }), async (query, { store }) => {
  const page = await store.groups.page(query);
  const groups = page.map(({ id, name, source, createdAt, members }) => ({ id, name, source, createdAt, members }));
  return { groups, ...next(page, query.limit, ({ name }) => name) };
});

/** GET /v1/admin/members: the people of a group in the order of their emails, page by page. */
export const listMembers = reading(v.object({ group: QueryText, after, limit }), async (query, { store }) => {
  const { id } = await knownGroup(store, query.group);
  const page = await store.groups.members(id, query);
  return { members: page, ...next(page, query.limit, ({ email }) => email) };
});

const InvitesQuery = v.object({ after: v.exactOptional(InviteCursor), limit });

/** GET /v1/admin/invites: codes that nobody has used yet, the next to expire first, page by page. */
export const listInvites = reading(InvitesQuery, async ({ after: position, ...query }, { store, now }) => {
  const page = await openInvites(store, now(), { after: position, limit: query.limit });
  const last = page.length < query.limit ? undefined : page.at(-1);
  const invites = page.map(({ user, isFirst, createdAt, expiresAt }) => ({
    id: user.id,
    email: user.email,
    isFirst,
    createdAt,
    expiresAt,
  }));
  return { invites, ...(last === undefined ? {} : { next: writeInviteCursor(last) }) };
});

const AuditQuery = v.object({
  after: v.exactOptional(AuditCursor),
  limit,
  since: v.optional(time, "0"),
  until: v.optional(time, String(endOfTime)),
  who: v.exactOptional(v.pipe(v.string(), v.maxLength(1400, "expected at most 1400 characters"))),
  event: v.exactOptional(
    v.pipe(
      v.string(),
      v.check((name) => Object.hasOwn(auditEvents, name), "expected the name of an event"),
    ),
  ),
});

/** GET /v1/admin/audit: the audit log's entries, the newest first, page by page, with filters. */
export const listAudit = reading(AuditQuery, async ({ since, until, who, event, ...query }, { store }) => {
  const page = await searchPage(store, { since, until, who, event }, { position: query.after, limit: query.limit });
  return { entries: page.entries, ...(page.next === undefined ? {} : { next: writeCursor(page.next) }) };
});

/** GET /v1/admin/signing-keys: the signing keys, their ages and what becomes of each. */
export const listSigningKeys = reading(v.object({}), async (_query, { store, now }) => ({
  keys: statusesAt(await store.signingKeys.all(), now()).map(({ key, state, until }) => ({
    kid: key.kid,
    state,
    publishedAt: key.publishedAt,
    signsFrom: key.signsFrom,
    until: until ?? null,
    protection: levelOfKey(key),
  })),
}));

/** GET /v1/admin/scim-tokens: the tokens of SCIM, never what they are. */
export const listScimTokens = reading(v.object({}), async (_query, { store }) => ({
  tokens: (await store.scimTokens.list()).map(({ name, createdAt, lastUsedAt }) => ({
    name,
    createdAt,
    lastUsedAt: lastUsedAt ?? null,
  })),
}));

/** GET /v1/admin/profiles: what laptops are told, by profile. */
export const listProfiles = reading(v.object({}), async (_query, { store }) => ({
  profiles: (await store.laptopProfiles.all()).map((each) => ({
    name: each.name,
    group: each.group ?? null,
    updatedAt: each.updatedAt,
    body: bodyOf(each),
  })),
}));

/** GET /v1/admin/announced: all that the laptops of a person are told. */
export const showAnnounced = reading(v.object({ email: QueryText }), async ({ email }, { store }) => {
  const profile = await announcementFor(store, (await knownPerson(store, email)).id);
  return { profile, digest: digestOf(profile) };
});

const ActivityQuery = v.object({ since: time, until: time, unit: v.optional(v.picklist(["hour", "day"]), "day") });

/** GET /v1/admin/activity: numbers of logins and refusals for each hour or day of a period, of its end if it is too long. */
export const showActivity = reading(ActivityQuery, async (query, { store }) => ({
  buckets: await activity(store, query),
}));

/** A person as JSON, whose every member is there. */
function answered(person: ListedPerson): Record<string, unknown> {
  const json = personJson(person);
  const keys = person.keys.map(({ lastUsedAt }, index) => ({
    ...json.credentials[index],
    lastUsedAt: lastUsedAt ?? null,
  }));
  return { ...json, inviteExpiresAt: json.inviteExpiresAt ?? null, credentials: keys };
}

/** Where the next page begins, if this one is full. */
function next<Item>(page: readonly Item[], asked: number, position: (item: Item) => string): { next?: string } {
  const last = page.at(-1);
  return last === undefined || page.length < asked ? {} : { next: position(last) };
}
