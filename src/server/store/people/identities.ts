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

/** What the identity provider has said of a person, and a refresh token to ask it again. */
export interface RecheckState extends Identity {
  /** Encrypted; undefined without one. */
  refreshToken: string | undefined;
  /** When the provider last let the person in, in seconds since 1970. */
  confirmedAt: number | undefined;
  /** Since when it does no more. */
  refusedAt: number | undefined;
}

/** An encrypted refresh token with whom it is of. */
export interface KeptRefreshToken extends Identity {
  refreshToken: string;
}

/** Refresh tokens that one read returns. */
const tokensPage = 200;

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

  /** Records a sign-on, with the refresh token that it gave; without one that from before stays. */
  async seen({ issuer, subject }: Identity, now: number, refreshToken?: string): Promise<void> {
    await this.#sql`
      UPDATE identities SET last_seen_at = ${now}, confirmed_at = ${now}, refused_at = NULL,
        refresh_token = coalesce(CAST(${refreshToken ?? null} AS TEXT), refresh_token),
        asking_until = CASE WHEN CAST(${refreshToken ?? null} AS TEXT) IS NULL THEN asking_until ELSE NULL END
      WHERE issuer = ${issuer} AND subject = ${subject}`;
  }

  /** Whether there is a refresh token of this identity. */
  async hasRefreshToken({ issuer, subject }: Identity): Promise<boolean> {
    const found = await this.#sql`
      SELECT subject FROM identities
      WHERE issuer = ${issuer} AND subject = ${subject} AND refresh_token IS NOT NULL`;
    return found.length === 1;
  }

  /** Of the identity by which the person signed on last at this issuer. */
  async recheckOf(userId: string, issuer: string): Promise<RecheckState | undefined> {
    const [row] = await this.#sql`
      SELECT subject, refresh_token, confirmed_at, refused_at FROM identities
      WHERE user_id = ${userId} AND issuer = ${issuer} AND last_seen_at IS NOT NULL
      ORDER BY last_seen_at DESC, subject LIMIT 1`;
    return (
      row && {
        issuer,
        subject: String(row.subject),
        refreshToken: row.refresh_token ?? undefined,
        confirmedAt: optionalNumber(row.confirmed_at),
        refusedAt: optionalNumber(row.refused_at),
      }
    );
  }

  /** Reserves the refresh token until a time: a provider may take it once only. False if another has it, or it is none now. */
  async reserve({ issuer, subject, refreshToken }: KeptRefreshToken, now: number, until: number): Promise<boolean> {
    const reserved = await this.#sql`
      UPDATE identities SET asking_until = ${until}
      WHERE issuer = ${issuer} AND subject = ${subject} AND refresh_token = ${refreshToken}
        AND (asking_until IS NULL OR asking_until <= ${now})
      RETURNING subject`;
    return reserved.length === 1;
  }

  /**
   * Ends the reservation of a refresh token, and replaces it: by `next`, or by nothing. At a time in seconds since 1970 the
   * provider has `confirmed` or `refused` the person, or (undefined) has not answered. Returns whose identity it is;
   * undefined if a sign-on has replaced the token meanwhile.
   */
  async release(
    { issuer, subject, refreshToken }: KeptRefreshToken,
    next: string | undefined,
    { confirmed = null, refused = null }: { confirmed?: number | null; refused?: number | null } = {},
  ): Promise<string | undefined> {
    const [row] = await this.#sql`
      UPDATE identities SET asking_until = NULL, refresh_token = CAST(${next ?? null} AS TEXT),
        confirmed_at = coalesce(CAST(${confirmed} AS BIGINT), confirmed_at),
        refused_at = CASE WHEN CAST(${confirmed} AS BIGINT) IS NULL
          THEN coalesce(refused_at, CAST(${refused} AS BIGINT)) ELSE NULL END
      WHERE issuer = ${issuer} AND subject = ${subject} AND refresh_token = ${refreshToken}
      RETURNING user_id`;
    return row && String(row.user_id);
  }

  /** Replaces a refresh token by the same under another key. False if a server uses it just now, or it is none now. */
  async reencrypt({ issuer, subject, refreshToken }: KeptRefreshToken, next: string, now: number): Promise<boolean> {
    const replaced = await this.#sql`
      UPDATE identities SET refresh_token = ${next}
      WHERE issuer = ${issuer} AND subject = ${subject} AND refresh_token = ${refreshToken}
        AND (asking_until IS NULL OR asking_until <= ${now})
      RETURNING subject`;
    return replaced.length === 1;
  }

  /** Refresh tokens in the order of their identities: a page after one of them. */
  async refreshTokens(after: Identity = { issuer: "", subject: "" }): Promise<KeptRefreshToken[]> {
    const rows = await this.#sql`
      SELECT issuer, subject, refresh_token FROM identities
      WHERE refresh_token IS NOT NULL AND (issuer, subject) > (${after.issuer}, ${after.subject})
      ORDER BY issuer, subject LIMIT ${tokensPage}`;
    return rows.map((row: Record<string, string>) => ({
      issuer: row["issuer"],
      subject: row["subject"],
      refreshToken: row["refresh_token"],
    }));
  }

  /** After a restore nobody counts as confirmed before the provider has been asked again, and no server asks. */
  async forgetConfirmations(): Promise<void> {
    await this.#sql`UPDATE identities SET confirmed_at = NULL, asking_until = NULL`;
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
    lastSeenAt: optionalNumber(row["last_seen_at"]),
  };
}

function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
