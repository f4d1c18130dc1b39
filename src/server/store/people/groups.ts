/** Groups of people. A membership has a source, and only its source ends it. */
import type { Sql } from "../sql.ts";

/** Groups, and members, of one page. */
export const groupsPage = 200;

/** Who says that a group or a membership is there: an administrator, the identity provider at a sign-on, SCIM. */
export const groupSources = ["local", "sso", "scim"] as const;

export type GroupSource = (typeof groupSources)[number];

/** The form of a name: it is part of a tag's key at AWS, and of a command. */
export const groupName = /^(?=.{1,64}$)[A-Za-z0-9](?:[\w .:@/-]*[\w.:@/-])?$/;

/** The rule for names, to follow "expected" in a message. */
export const groupNameRule =
  "at most 64 of the letters A to Z, digits, spaces and _ . : @ / -, with a letter or digit first and no space last";

export interface Group {
  /** UUID. */
  id: string;
  name: string;
  /** Who made it. */
  source: GroupSource;
  /** Id at the source. */
  externalId: string | undefined;
  createdAt: number;
}

export interface GroupSummary extends Group {
  /** Number of people in it. */
  members: number;
}

export interface GroupMember {
  id: string;
  email: string;
  disabled: boolean;
  /** Who says that they are in it, sorted. */
  sources: GroupSource[];
}

/** A group of a person. */
export interface Membership {
  group: Group;
  /** Who says so, sorted. */
  sources: GroupSource[];
}

interface MemberRow {
  id: string;
  email: string;
  disabled_at: unknown;
}

export class GroupStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes a group. Undefined if there is one of this name. */
  async create(name: string, source: GroupSource, now: number, externalId?: string): Promise<Group | undefined> {
    const group = { id: crypto.randomUUID(), name, source, externalId, createdAt: now };
    const rows = await this.#sql`
      INSERT INTO user_groups (id, name, source, external_id, created_at)
      VALUES (${group.id}, ${name}, ${source}, ${externalId ?? null}, ${now})
      ON CONFLICT DO NOTHING RETURNING id`;
    return rows.length === 1 ? group : undefined;
  }

  async find(id: string): Promise<Group | undefined> {
    const [row] = await this.#sql`
      SELECT id, name, source, external_id, created_at FROM user_groups WHERE id = CAST(${id} AS TEXT)`;
    return row && toGroup(row);
  }

  async findByName(name: string): Promise<Group | undefined> {
    const [row] = await this.#sql`
      SELECT id, name, source, external_id, created_at FROM user_groups WHERE name = CAST(${name} AS TEXT)`;
    return row && toGroup(row);
  }

  /** Renames a group; its present name is accepted. */
  async rename(id: string, name: string): Promise<"renamed" | "not_found" | "name_taken"> {
    const renamed = await this.#sql`
      UPDATE user_groups SET name = ${name} WHERE id = ${id}
        AND NOT EXISTS (SELECT 1 FROM user_groups AS other WHERE other.name = ${name} AND other.id <> ${id})
      RETURNING id`;
    if (renamed.length === 1) return "renamed";
    return (await this.find(id)) ? "name_taken" : "not_found";
  }

  /** Removes a group with all of its memberships. False if there is none. */
  async remove(id: string): Promise<boolean> {
    return (await this.#sql`DELETE FROM user_groups WHERE id = ${id} RETURNING id`).length === 1;
  }

  /** Groups in the order of their names: a page of at most `limit` after the name `after`. */
  async page({ after = "", limit = groupsPage } = {}): Promise<GroupSummary[]> {
    const rows = await this.#sql`
      SELECT id, name, source, external_id, created_at,
        (SELECT count(DISTINCT user_id) FROM group_members WHERE group_id = user_groups.id) AS members
      FROM user_groups WHERE name > ${after} ORDER BY name LIMIT ${limit}`;
    return rows.map((row: Record<string, string | null>) =>
      Object.assign(toGroup(row), { members: Number(row["members"]) }),
    );
  }

  /** Number of people in a group. */
  async count(groupId: string): Promise<number> {
    const [row] = await this.#sql`
      SELECT count(DISTINCT user_id) AS members FROM group_members WHERE group_id = ${groupId}`;
    return Number(row.members);
  }

  /** The members of a group in the order of their emails: a page of at most `limit` after the email `after`. */
  async members(groupId: string, { after = "", limit = groupsPage } = {}): Promise<GroupMember[]> {
    const people: MemberRow[] = await this.#sql`
      SELECT id, email, disabled_at FROM users
      WHERE id IN (SELECT user_id FROM group_members WHERE group_id = ${groupId}) AND email > ${after}
      ORDER BY email LIMIT ${limit}`;
    const last = people.at(-1);
    if (last === undefined) return [];
    const rows: { user_id: string; source: GroupSource }[] = await this.#sql`
      SELECT group_members.user_id, group_members.source
      FROM group_members JOIN users ON users.id = group_members.user_id
      WHERE group_members.group_id = ${groupId} AND users.email > ${after} AND users.email <= ${last.email}
      ORDER BY group_members.source`;
    const sources = Map.groupBy(rows, (row) => row.user_id);
    return people.map(({ id, email, disabled_at }) => ({
      id,
      email,
      disabled: disabled_at !== null,
      sources: (sources.get(id) ?? []).map(({ source }) => source),
    }));
  }

  /** Groups of a source in the order of their names: `limit` at most, after the first `offset`. */
  async ofSource(source: GroupSource, { offset, limit }: { offset: number; limit: number }): Promise<GroupSummary[]> {
    const rows = await this.#sql`
      SELECT id, name, source, external_id, created_at,
        (SELECT count(*) FROM group_members WHERE group_id = user_groups.id AND source = ${source}) AS members
      FROM user_groups WHERE source = ${source} ORDER BY name LIMIT ${limit} OFFSET ${offset}`;
    return rows.map((row: Record<string, string | null>) =>
      Object.assign(toGroup(row), { members: Number(row["members"]) }),
    );
  }

  /** Number of groups of a source. */
  async countOfSource(source: GroupSource): Promise<number> {
    const [row] = await this.#sql`SELECT count(*) AS groups FROM user_groups WHERE source = ${source}`;
    return Number(row.groups);
  }

  /** Groups of a source by their id there. */
  async findByExternalId(source: GroupSource, externalId: string): Promise<Group[]> {
    const rows = await this.#sql`
      SELECT id, name, source, external_id, created_at FROM user_groups
      WHERE external_id = ${externalId} AND source = ${source} ORDER BY name`;
    return rows.map(toGroup);
  }

  /** Says whose a group is, and its id there. */
  async setSource(id: string, source: GroupSource, externalId: string | undefined): Promise<void> {
    await this.#sql`UPDATE user_groups SET source = ${source}, external_id = ${externalId ?? null} WHERE id = ${id}`;
  }

  /** Whom a source has put into a group, in the order of their emails. */
  async membersBy(groupId: string, source: GroupSource): Promise<{ id: string; email: string }[]> {
    const rows: { id: string; email: string }[] = await this.#sql`
      SELECT users.id, users.email FROM group_members JOIN users ON users.id = group_members.user_id
      WHERE group_members.group_id = ${groupId} AND group_members.source = ${source} ORDER BY users.email`;
    return rows.map(({ id, email }) => ({ id, email }));
  }

  /** Number of people whom a source has put into a group. */
  async countBy(groupId: string, source: GroupSource): Promise<number> {
    const [row] = await this.#sql`
      SELECT count(*) AS members FROM group_members WHERE group_id = ${groupId} AND source = ${source}`;
    return Number(row.members);
  }

  /** Takes back all that a source has said of a group; returns who else says something of it. */
  async removeSource(groupId: string, source: GroupSource): Promise<GroupSource | undefined> {
    await this.#sql`DELETE FROM group_members WHERE group_id = ${groupId} AND source = ${source}`;
    const [row] = await this.#sql`
      SELECT min(source) AS source FROM group_members WHERE group_id = ${groupId}`;
    return row?.source ?? undefined;
  }

  /** Adds a person to a group. False if the source has said so before, or there is no such group or person. */
  async join(groupId: string, userId: string, source: GroupSource): Promise<boolean> {
    const rows = await this.#sql`
      INSERT INTO group_members (group_id, user_id, source)
      SELECT user_groups.id, users.id, ${source} FROM user_groups, users
      WHERE user_groups.id = CAST(${groupId} AS TEXT) AND users.id = CAST(${userId} AS TEXT)
      ON CONFLICT DO NOTHING RETURNING user_id`;
    return rows.length === 1;
  }

  /** Takes back what the source has said. False if it had not. */
  async leave(groupId: string, userId: string, source: GroupSource): Promise<boolean> {
    const rows = await this.#sql`
      DELETE FROM group_members WHERE group_id = ${groupId} AND user_id = ${userId} AND source = ${source}
      RETURNING user_id`;
    return rows.length === 1;
  }

  /** The names of a person's groups, whoever says so. */
  async namesOfUser(userId: string): Promise<string[]> {
    const rows: { name: string }[] = await this.#sql`
      SELECT DISTINCT user_groups.name
      FROM group_members JOIN user_groups ON user_groups.id = group_members.group_id
      WHERE group_members.user_id = CAST(${userId} AS TEXT)`;
    return rows.map(({ name }) => name);
  }

  /** The groups of a person, in the order of their names. */
  async ofUser(userId: string): Promise<Membership[]> {
    const rows: Record<string, string | null>[] = await this.#sql`
      SELECT user_groups.id, user_groups.name, user_groups.source, user_groups.external_id, user_groups.created_at,
        group_members.source AS said_by
      FROM group_members JOIN user_groups ON user_groups.id = group_members.group_id
      WHERE group_members.user_id = CAST(${userId} AS TEXT)
      ORDER BY user_groups.name, group_members.source`;
    return [...Map.groupBy(rows, (row) => String(row["id"])).values()].map((said) => ({
      group: toGroup(said[0]!),
      sources: said.map((row) => row["said_by"] as GroupSource),
    }));
  }

  /**
   * Makes the person's memberships of this source those of the groups named, and groups that are not there. The names
   * have the form of `groupName`. Returns the names of the groups that they joined and left by it, sorted.
   */
  async replaceMemberships(
    userId: string,
    source: GroupSource,
    names: Iterable<string>,
    now: number,
  ): Promise<{ joined: string[]; left: string[] }> {
    const wanted = new Set(names);
    const said = (await this.ofUser(userId)).filter(({ sources }) => sources.includes(source));
    const had = new Set(said.map(({ group }) => group.name));
    const gone = said.filter(({ group }) => !wanted.has(group.name));
    for (const { group } of gone) await this.leave(group.id, userId, source);
    const joined: string[] = [];
    for (const name of [...wanted].toSorted()) {
      if (had.has(name)) continue;
      const group = (await this.findByName(name)) ?? (await this.create(name, source, now));
      if (group !== undefined && (await this.join(group.id, userId, source))) joined.push(name);
    }
    return { joined, left: gone.map(({ group }) => group.name).toSorted() };
  }
}

function toGroup(row: Record<string, string | null>): Group {
  return {
    id: String(row["id"]),
    name: String(row["name"]),
    source: row["source"] as GroupSource,
    externalId: row["external_id"] ?? undefined,
    createdAt: Number(row["created_at"]),
  };
}
