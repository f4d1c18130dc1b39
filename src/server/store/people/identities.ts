/** Who people are at the company's identity provider: an issuer and a subject, never an e-mail address. */
import type { Sql } from "../sql.ts";
import type { User } from "./user.ts";

export interface Identity {
  issuer: string;
  /** `sub` of ID tokens, which the provider never gives to another. */
  subject: string;
}

export interface KnownIdentity extends Identity {
  createdAt: number;
  /** Last sign-on. */
  lastSeenAt: number | undefined;
}

export class IdentityStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Whose identity it is. */
  async find({ issuer, subject }: Identity): Promise<User | undefined> {
    const [row] = await this.#sql`
      SELECT users.id, users.email, users.disabled_at
      FROM identities JOIN users ON users.id = identities.user_id
      WHERE identities.issuer = CAST(${issuer} AS TEXT) AND identities.subject = CAST(${subject} AS TEXT)`;
    return row && { id: String(row.id), email: String(row.email), disabled: row.disabled_at !== null };
  }

  /** Adds an identity to a person. False if it is somebody's already. */
  async add({ issuer, subject }: Identity, userId: string, now: number): Promise<boolean> {
    const added = await this.#sql`
      INSERT INTO identities (issuer, subject, user_id, created_at)
      VALUES (${issuer}, ${subject}, ${userId}, ${now}) ON CONFLICT DO NOTHING RETURNING subject`;
    return added.length === 1;
  }

  /** Records a sign-on. */
  async seen({ issuer, subject }: Identity, now: number): Promise<void> {
    await this.#sql`UPDATE identities SET last_seen_at = ${now} WHERE issuer = ${issuer} AND subject = ${subject}`;
  }

  /** Takes an identity from a person. False if it was not theirs. */
  async remove({ issuer, subject }: Identity, userId: string): Promise<boolean> {
    const removed = await this.#sql`
      DELETE FROM identities WHERE issuer = ${issuer} AND subject = ${subject} AND user_id = ${userId}
      RETURNING subject`;
    return removed.length === 1;
  }

  /** The identities of a person, the oldest first. */
  async ofUser(userId: string): Promise<KnownIdentity[]> {
    const rows = await this.#sql`
      SELECT issuer, subject, created_at, last_seen_at FROM identities WHERE user_id = ${userId}
      ORDER BY created_at, issuer, subject`;
    return rows.map(toKnown);
  }
}

function toKnown(row: Record<string, string | null>): KnownIdentity {
  return {
    issuer: String(row["issuer"]),
    subject: String(row["subject"]),
    createdAt: Number(row["created_at"]),
    lastSeenAt: row["last_seen_at"] === null ? undefined : Number(row["last_seen_at"]),
  };
}
