/** Users and their invites. */
import { type Role, toRole } from "./roles.ts";
import { type ScimState, scimStates } from "./provisioned.ts";
import type { Sql } from "../sql.ts";
import { idleSeconds } from "./page-sessions.ts";
import type { User } from "./user.ts";

/** Users of one page. */
export const usersPage = 500;

export interface Invite {
  user: User;
  expiresAt: number;
  usedAt: number | undefined;
}

/** A code that nobody has used yet. */
export interface OpenInvite {
  user: User;
  /** Whether it is for a first key. */
  isFirst: boolean;
  createdAt: number;
  expiresAt: number;
}

/** Where a page of them begins: after this one. */
export interface InvitePosition {
  expiresAt: number;
  userId: string;
}

export interface UserSummary extends User {
  /** Who disabled them; undefined: they are not disabled. */
  disabledBy: "administrator" | "scim" | undefined;
  displayName: string | undefined;
  /** How SCIM stands to them; undefined: not at all. */
  scim: ScimState | undefined;
  role: Role;
  createdAt: number;
  /** Number of live sessions, of the command line and of the pages: neither expired, revoked nor idle. */
  sessions: number;
  /** Expiry of the open invite. */
  inviteExpiresAt: number | undefined;
  /** What the identity provider is to them at a login: it is asked, or refuses them; undefined: it is not asked. */
  recheck: (typeof recheckStates)[number] | undefined;
}

const recheckStates = ["asked", "refused"] as const;

/** Which people; those alone that fit all of it. */
export interface PeopleFilter {
  /** Part of the email or of the name, whatever its case. */
  search?: string | undefined;
  disabled?: boolean | undefined;
  role?: Role | undefined;
  scim?: ScimState | undefined;
  /** Id of a group. */
  group?: string | undefined;
}

export class AccountStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Creates the user if there is none with this email, and an invite that replaces the open ones. */
  async invite(email: string, codeHash: string, now: number, expiresAt: number): Promise<User> {
    await this.#sql`
      INSERT INTO users (id, email, created_at) VALUES (${crypto.randomUUID()}, ${email}, ${now})
      ON CONFLICT (email) DO NOTHING`;
    const user = await this.findUser(email);
    if (!user) throw new Error("the user vanished while being invited");
    await this.#sql`DELETE FROM invites WHERE user_id = ${user.id} AND used_at IS NULL`;
    await this.#sql`
      INSERT INTO invites (code_hash, user_id, created_at, expires_at)
      VALUES (${codeHash}, ${user.id}, ${now}, ${expiresAt})`;
    return user;
  }

  /** Creates a user. Undefined if there is one with this email. */
  async add(email: string, now: number): Promise<User | undefined> {
    const id = crypto.randomUUID();
    const added = await this.#sql`
      INSERT INTO users (id, email, created_at) VALUES (${id}, ${email}, ${now}) ON CONFLICT DO NOTHING RETURNING id`;
    return added.length === 1 ? { id, email, disabled: false } : undefined;
  }

  /** Whether the user has, or ever had, a security key: a person whose keys were all removed is not new. */
  async hasEnrolled(userId: string): Promise<boolean> {
    const found = await this.#sql`
      SELECT id FROM users WHERE id = ${userId}
        AND (enrolled_at IS NOT NULL OR EXISTS (SELECT 1 FROM credentials WHERE user_id = users.id))`;
    return found.length === 1;
  }

  async findInvite(codeHash: string): Promise<Invite | undefined> {
    const [row] = await this.#sql`
      SELECT users.id, users.email, users.disabled_at, invites.expires_at, invites.used_at
      FROM invites JOIN users ON users.id = invites.user_id WHERE code_hash = CAST(${codeHash} AS TEXT)`;
    return (
      row && {
        user: toUser(row),
        expiresAt: Number(row.expires_at),
        usedAt: optionalNumber(row.used_at),
      }
    );
  }

  /** Open invites by their expiry, the next to expire first: a page of at most `limit` after `position`. */
  async openInvites({ expiresAt, userId }: InvitePosition, limit: number): Promise<OpenInvite[]> {
    const rows = await this.#sql`
      SELECT users.id, users.email, users.disabled_at, users.enrolled_at, invites.created_at, invites.expires_at
      FROM invites JOIN users ON users.id = invites.user_id
      WHERE invites.used_at IS NULL AND (invites.expires_at, invites.user_id) > (${expiresAt}, ${userId})
      ORDER BY invites.expires_at, invites.user_id LIMIT ${limit}`;
    return rows.map((row: Record<string, string | null>) => ({
      user: toUser(row),
      isFirst: row["enrolled_at"] === null,
      createdAt: Number(row["created_at"]),
      expiresAt: Number(row["expires_at"]),
    }));
  }

  async findUser(email: string): Promise<User | undefined> {
    const [row] = await this.#sql`SELECT id, email, disabled_at FROM users WHERE email = ${email}`;
    return row && toUser(row);
  }

  async findById(id: string): Promise<User | undefined> {
    const [row] = await this.#sql`SELECT id, email, disabled_at FROM users WHERE id = ${id}`;
    return row && toUser(row);
  }

  /** Consumes the invite, in one statement, so that only one of two concurrent calls gets it. False if not usable. */
  async claimInvite(codeHash: string, userId: string, now: number): Promise<boolean> {
    const claimed = await this.#sql`
      UPDATE invites SET used_at = ${now}
      WHERE code_hash = ${codeHash} AND user_id = ${userId} AND used_at IS NULL AND expires_at > ${now}
      RETURNING code_hash`;
    return claimed.length === 1;
  }

  /**
   * Disables the user from `now` on, or enables them (undefined). SCIM enables nobody whom an administrator disabled, who
   * may be one that SCIM had disabled before. False if that changes nothing.
   */
  async setDisabled(userId: string, now: number | undefined, by?: "scim"): Promise<boolean> {
    const who = by ?? null;
    const changed =
      now === undefined
        ? await this.#sql`
            UPDATE users SET disabled_at = NULL, disabled_by = NULL
            WHERE id = ${userId} AND disabled_at IS NOT NULL
              AND (CAST(${who} AS TEXT) IS NULL OR disabled_by = CAST(${who} AS TEXT))
            RETURNING id`
        : await this.#sql`
            UPDATE users SET disabled_at = coalesce(disabled_at, ${now}), disabled_by = ${who}
            WHERE id = ${userId}
              AND (disabled_at IS NULL OR (CAST(${who} AS TEXT) IS NULL AND disabled_by IS NOT NULL))
            RETURNING id`;
    return changed.length === 1;
  }

  /** Deletes the user's open invites. */
  async removeInvites(userId: string): Promise<void> {
    await this.#sql`DELETE FROM invites WHERE user_id = ${userId} AND used_at IS NULL`;
  }

  /** Deletes the open invites of all users; returns how many were still good. */
  async removeAllInvites(now: number): Promise<number> {
    const rows: { expires_at: unknown }[] = await this.#sql`
      DELETE FROM invites WHERE used_at IS NULL RETURNING expires_at`;
    return rows.filter((row) => Number(row.expires_at) > now).length;
  }

  /** Users ordered by email: a page of at most `limit` after the email `after`. */
  async users(
    now: number,
    { after = "", limit = usersPage, ...filter }: PeopleFilter & { after?: string; limit?: number } = {},
  ): Promise<UserSummary[]> {
    const pattern = filter.search === undefined ? "%" : `%${filter.search.toLowerCase().replaceAll(/[!%_]/g, "!$&")}%`;
    const disabled = filter.disabled === undefined ? null : Number(filter.disabled);
    const { role = null, group = null, scim = null } = filter;
    const users = await this.#sql`
      SELECT id, email, display_name, role, scim, created_at, disabled_at, disabled_by,
        (SELECT CASE WHEN refused_at IS NOT NULL THEN 'refused' WHEN refresh_token IS NOT NULL THEN 'asked' END
          FROM identities WHERE user_id = users.id AND last_seen_at IS NOT NULL
          ORDER BY last_seen_at DESC, subject LIMIT 1) AS recheck,
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND revoked_at IS NULL AND expires_at > ${now})
          + (SELECT count(*) FROM page_sessions
            WHERE user_id = users.id AND expires_at > ${now} AND used_at > ${now - idleSeconds}) AS sessions,
        (SELECT max(expires_at) FROM invites WHERE user_id = users.id AND used_at IS NULL AND expires_at > ${now}) AS invite
      FROM users WHERE email > ${after}
        AND (email LIKE ${pattern} ESCAPE '!' OR lower(display_name) LIKE ${pattern} ESCAPE '!')
        AND coalesce(CAST(${disabled} AS INTEGER), CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END)
          = CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END
        AND coalesce(role, 'member') = coalesce(CAST(${role} AS TEXT), role, 'member')
        AND (CAST(${scim} AS TEXT) IS NULL OR scim = CAST(${scim} AS TEXT))
        AND (CAST(${group} AS TEXT) IS NULL
          OR id IN (SELECT user_id FROM group_members WHERE group_id = CAST(${group} AS TEXT)))
      ORDER BY email LIMIT ${limit}`;
    return users.map(toSummary);
  }

  /** The user with this email, as `users` has them. */
  async summary(email: string, now: number): Promise<UserSummary | undefined> {
    const [row] = await this.#sql`
      SELECT id, email, display_name, role, scim, created_at, disabled_at, disabled_by,
        (SELECT CASE WHEN refused_at IS NOT NULL THEN 'refused' WHEN refresh_token IS NOT NULL THEN 'asked' END
          FROM identities WHERE user_id = users.id AND last_seen_at IS NOT NULL
          ORDER BY last_seen_at DESC, subject LIMIT 1) AS recheck,
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND revoked_at IS NULL AND expires_at > ${now})
          + (SELECT count(*) FROM page_sessions
            WHERE user_id = users.id AND expires_at > ${now} AND used_at > ${now - idleSeconds}) AS sessions,
        (SELECT max(expires_at) FROM invites WHERE user_id = users.id AND used_at IS NULL AND expires_at > ${now}) AS invite
      FROM users WHERE email = ${email}`;
    return row && toSummary(row);
  }
}

function toSummary(row: Record<string, string | null>): UserSummary {
  return {
    ...toUser(row),
    disabledBy: row["disabled_at"] === null ? undefined : row["disabled_by"] === "scim" ? "scim" : "administrator",
    displayName: row["display_name"] ?? undefined,
    scim: scimStates.find((state) => state === row["scim"]),
    role: toRole(row["role"]),
    createdAt: Number(row["created_at"]),
    sessions: Number(row["sessions"]),
    inviteExpiresAt: optionalNumber(row["invite"]),
    recheck: recheckStates.find((state) => state === row["recheck"]),
  };
}

function toUser(row: Record<string, string | null>): User {
  return { id: String(row["id"]), email: String(row["email"]), disabled: row["disabled_at"] !== null };
}

function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
