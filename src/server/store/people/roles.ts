/** What people may do at this server beyond their own things. */
import type { Sql } from "../sql.ts";
import type { User } from "./user.ts";

/** From the least to the most. */
export const roles = ["member", "auditor", "administrator"] as const;

export type Role = (typeof roles)[number];

export interface RoleHolder extends User {
  role: Role;
}

/** Which administrators can change anything, by the server's settings. */
export interface Ability {
  /** Whether those who have but a key of a phone or computer can. */
  builtIn: boolean;
  /** Issuer of the identity provider that is asked at each login: whom it refuses cannot. */
  refusedBy: string | undefined;
}

/** Of all keys and providers. */
export const anyAbility: Ability = { builtIn: true, refusedBy: undefined };

export class RoleStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The user's role; nobody and a role that this program does not know count as a member. */
  async roleOf(userId: string): Promise<Role> {
    const [row] = await this.#sql`SELECT role FROM users WHERE id = CAST(${userId} AS TEXT)`;
    return toRole(row?.role);
  }

  /** Gives the user this role. False if they had it, or there is no such user. */
  async setRole(userId: string, role: Role): Promise<boolean> {
    const changed = await this.#sql`
      UPDATE users SET role = ${role === "member" ? null : role}
      WHERE id = ${userId} AND coalesce(role, 'member') <> ${role} RETURNING id`;
    return changed.length === 1;
  }

  /** Auditors and administrators, in the order of their emails. */
  async holders(): Promise<RoleHolder[]> {
    const rows = await this.#sql`
      SELECT id, email, disabled_at, role FROM users WHERE role IN ('auditor', 'administrator') ORDER BY email`;
    return rows.map((row: Record<string, string | null>) => ({
      id: String(row["id"]),
      email: String(row["email"]),
      disabled: row["disabled_at"] !== null,
      role: toRole(row["role"]),
    }));
  }

  /**
   * Ids of the administrators who can change anything: those who are not disabled, are let in, and have a key that may
   * approve it, also `without` that one.
   */
  async administrators({ builtIn, refusedBy = "" }: Ability, without = ""): Promise<string[]> {
    const rows: { id: string }[] = await this.#sql`
      SELECT id FROM users WHERE role = 'administrator' AND disabled_at IS NULL
        AND EXISTS (SELECT 1 FROM credentials WHERE credentials.user_id = users.id
          AND credentials.built_in <= CAST(${Number(builtIn)} AS INTEGER)
          AND credentials.id <> CAST(${without} AS TEXT))
        AND (SELECT refused_at FROM identities
          WHERE identities.user_id = users.id AND issuer = CAST(${refusedBy} AS TEXT) AND last_seen_at IS NOT NULL
          ORDER BY last_seen_at DESC, subject LIMIT 1) IS NULL`;
    return rows.map(({ id }) => id);
  }
}

/** A column's value as a role: least privilege for what this program does not know. */
export function toRole(value: unknown): Role {
  return roles.find((role) => role === value) ?? "member";
}
