/** Users and the invites that let them enrol. */
import type { SQL } from "bun";
import type { User } from "./user.ts";

export interface Invite {
  user: User;
  expiresAt: number;
  usedAt: number | undefined;
}

export interface UserSummary extends User {
  createdAt: number;
  /** How many sessions have neither ended nor been revoked. */
  sessions: number;
  /** When the invite that is still open ends. */
  inviteExpiresAt: number | undefined;
}

export class AccountStore {
  private readonly sql: SQL;

  constructor(sql: SQL) {
    this.sql = sql;
  }

  /** Makes the user when there is none with this email, and an invite that replaces the open ones. */
  async invite(email: string, codeHash: string, now: number, expiresAt: number): Promise<User> {
    await this.sql`
      INSERT INTO users (id, email, created_at) VALUES (${crypto.randomUUID()}, ${email}, ${now})
      ON CONFLICT (email) DO NOTHING`;
    const user = await this.findUser(email);
    if (!user) throw new Error("the user vanished while being invited");
    await this.sql`DELETE FROM invites WHERE user_id = ${user.id} AND used_at IS NULL`;
    await this.sql`
      INSERT INTO invites (code_hash, user_id, created_at, expires_at)
      VALUES (${codeHash}, ${user.id}, ${now}, ${expiresAt})`;
    return user;
  }

  async findInvite(codeHash: string): Promise<Invite | undefined> {
    const [row] = await this.sql`
      SELECT users.id, users.email, invites.expires_at, invites.used_at
      FROM invites JOIN users ON users.id = invites.user_id WHERE code_hash = ${codeHash}`;
    return (
      row && {
        user: { id: row.id, email: row.email },
        expiresAt: Number(row.expires_at),
        usedAt: optionalNumber(row.used_at),
      }
    );
  }

  async findUser(email: string): Promise<User | undefined> {
    const [row] = await this.sql`SELECT id, email FROM users WHERE email = ${email}`;
    return row && { id: row.id, email: row.email };
  }

  /** Uses up the invite. One statement: of two at once, one gets it. False when it cannot be used (any more). */
  async claimInvite(codeHash: string, userId: string, now: number): Promise<boolean> {
    const claimed = await this.sql`
      UPDATE invites SET used_at = ${now}
      WHERE code_hash = ${codeHash} AND user_id = ${userId} AND used_at IS NULL AND expires_at > ${now}
      RETURNING code_hash`;
    return claimed.length === 1;
  }

  /**
   * Gives back an invite that was claimed for a key which could not be added then. No transaction around both: Bun.SQL
   * has one SQLite connection, on which the statements of other requests would join it.
   */
  async returnInvite(codeHash: string): Promise<void> {
    await this.sql`UPDATE invites SET used_at = NULL WHERE code_hash = ${codeHash}`;
  }

  /** Removes the user's open invites. */
  async removeInvites(userId: string): Promise<void> {
    await this.sql`DELETE FROM invites WHERE user_id = ${userId} AND used_at IS NULL`;
  }

  /** Users in the order of their emails: every one, or a page of at most `limit` that come after an email. */
  async users(now: number, page: { after?: string; limit?: number | undefined } = {}): Promise<UserSummary[]> {
    const users = await this.sql`
      SELECT id, email, created_at,
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND revoked_at IS NULL AND expires_at > ${now}) AS sessions,
        (SELECT max(expires_at) FROM invites WHERE user_id = users.id AND used_at IS NULL AND expires_at > ${now}) AS invite
      FROM users WHERE email > ${page.after ?? ""} ORDER BY email LIMIT ${page.limit ?? 2 ** 31}`;
    return users.map((row: Record<string, string>) => ({
      id: row["id"],
      email: row["email"],
      createdAt: Number(row["created_at"]),
      sessions: Number(row["sessions"]),
      inviteExpiresAt: optionalNumber(row["invite"]),
    }));
  }
}

function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
