/** What laptops are told to use, by name: of one group, or of everybody. */
import type { Sql } from "../sql.ts";

/** Profiles that a server keeps at most; a person is told of those of their groups. */
export const maxLaptopProfiles = 500;

export interface LaptopProfile {
  name: string;
  /** The group's name; undefined: everybody. */
  group: string | undefined;
  /** JSON. */
  body: string;
  /** Seconds since 1970. */
  updatedAt: number;
}

export class LaptopProfileStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes the profile, or puts this in its place; of everybody without a group's id. */
  async set(name: string, groupId: string | undefined, body: string, now: number): Promise<void> {
    await this.#sql`
      INSERT INTO laptop_profiles (name, group_id, body, updated_at) VALUES (${name}, ${groupId ?? null}, ${body}, ${now})
      ON CONFLICT (name) DO UPDATE SET
        group_id = excluded.group_id, body = excluded.body, updated_at = excluded.updated_at`;
  }

  async find(name: string): Promise<LaptopProfile | undefined> {
    const [row] = await this.#sql`
      SELECT laptop_profiles.name, user_groups.name AS group_name, body, updated_at
      FROM laptop_profiles LEFT JOIN user_groups ON user_groups.id = laptop_profiles.group_id
      WHERE laptop_profiles.name = CAST(${name} AS TEXT)`;
    return row && toProfile(row);
  }

  /** All of them, in the order of their names. */
  async all(): Promise<LaptopProfile[]> {
    const rows = await this.#sql`
      SELECT laptop_profiles.name, user_groups.name AS group_name, body, updated_at
      FROM laptop_profiles LEFT JOIN user_groups ON user_groups.id = laptop_profiles.group_id
      ORDER BY laptop_profiles.name`;
    return rows.map(toProfile);
  }

  /** Those of everybody, then those of the person's groups, each in the order of their names. */
  async ofUser(userId: string): Promise<LaptopProfile[]> {
    const rows: Record<string, string | null>[] = await this.#sql`
      SELECT laptop_profiles.name, user_groups.name AS group_name, body, updated_at
      FROM laptop_profiles LEFT JOIN user_groups ON user_groups.id = laptop_profiles.group_id
      WHERE laptop_profiles.group_id IS NULL
        OR laptop_profiles.group_id IN (SELECT group_id FROM group_members WHERE user_id = CAST(${userId} AS TEXT))
      ORDER BY laptop_profiles.name`;
    const found = rows.map(toProfile);
    return [...found.filter(({ group }) => group === undefined), ...found.filter(({ group }) => group !== undefined)];
  }

  /** The names of a group's profiles, sorted. */
  async namesOfGroup(groupId: string): Promise<string[]> {
    const rows = await this.#sql`SELECT name FROM laptop_profiles WHERE group_id = ${groupId} ORDER BY name`;
    return rows.map(({ name }: { name: string }) => name);
  }

  /** Whether there is any. */
  async hasAny(): Promise<boolean> {
    return (await this.#sql`SELECT name FROM laptop_profiles LIMIT 1`).length === 1;
  }

  /** False if there is none of this name. */
  async remove(name: string): Promise<boolean> {
    return (await this.#sql`DELETE FROM laptop_profiles WHERE name = ${name} RETURNING name`).length === 1;
  }
}

function toProfile(row: Record<string, string | null>): LaptopProfile {
  return {
    name: String(row["name"]),
    group: row["group_name"] ?? undefined,
    body: String(row["body"]),
    updatedAt: Number(row["updated_at"]),
  };
}
