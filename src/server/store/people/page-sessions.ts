/** Sessions of the pages, by the SHA-256 of their cookie's token. */
import type { Sql } from "../sql.ts";
import type { User } from "./user.ts";
import { type Role, toRole } from "./roles.ts";

/** How a person signed in: by a security key, or by the company's identity provider. */
export type SignInMethod = "key" | "sso";

export interface PageSession {
  user: User;
  /** What they may do now: for what a page shows; who changes something is asked anew. */
  role: Role;
  method: SignInMethod;
  /** The credential that opened it; undefined for `sso`. */
  credentialId: string | undefined;
  createdAt: number;
  /** When it was used last, as far as that is stored. */
  usedAt: number;
  expiresAt: number;
}

/** A live session of the pages as its user sees it. */
export interface OwnPageSession {
  tokenHash: string;
  method: SignInMethod;
  /** The name of the credential that opened it. */
  keyName: string | undefined;
  createdAt: number;
  expiresAt: number;
}

/** A session ends when it was not used for so long, in seconds. */
export const idleSeconds = 30 * 60;

/** Sessions of one person that are listed, the newest. */
const listed = 100;

export class PageSessionStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Stores a new session. False if its user, or the credential that opened it, is not theirs any more. */
  async add(tokenHash: string, session: Omit<PageSession, "usedAt" | "role">): Promise<boolean> {
    const credential = session.credentialId ?? null;
    const rows = await this.#sql`
      INSERT INTO page_sessions (token_hash, user_id, credential_id, method, created_at, used_at, expires_at)
      SELECT ${tokenHash}, id, ${credential}, ${session.method}, ${session.createdAt}, ${session.createdAt},
        ${session.expiresAt}
      FROM users WHERE id = ${session.user.id}
        AND (${session.method} = 'sso' OR EXISTS (SELECT 1 FROM credentials
          WHERE credentials.id = ${credential ?? ""} AND credentials.user_id = ${session.user.id}))
      RETURNING token_hash`;
    return rows.length === 1;
  }

  async find(tokenHash: string): Promise<PageSession | undefined> {
    const [row] = await this.#sql`
      SELECT user_id, credential_id, method, page_sessions.created_at, used_at, expires_at, users.email,
        users.disabled_at, users.role
      FROM page_sessions JOIN users ON users.id = page_sessions.user_id
      WHERE token_hash = CAST(${tokenHash} AS TEXT)`;
    return (
      row && {
        user: { id: row.user_id, email: row.email, disabled: row.disabled_at !== null },
        role: toRole(row.role),
        method: row.method,
        credentialId: row.credential_id ?? undefined,
        createdAt: Number(row.created_at),
        usedAt: Number(row.used_at),
        expiresAt: Number(row.expires_at),
      }
    );
  }

  /** Notes that the session was used. */
  async use(tokenHash: string, now: number): Promise<void> {
    await this.#sql`UPDATE page_sessions SET used_at = ${now} WHERE token_hash = ${tokenHash} AND used_at < ${now}`;
  }

  /** The user's live sessions, neither over nor idle, the newest first; at most 100. */
  async ofUser(userId: string, now: number): Promise<OwnPageSession[]> {
    const rows = await this.#sql`
      SELECT page_sessions.token_hash, page_sessions.method, page_sessions.created_at, page_sessions.expires_at,
        credentials.name
      FROM page_sessions LEFT JOIN credentials ON credentials.id = page_sessions.credential_id
      WHERE page_sessions.user_id = ${userId} AND page_sessions.expires_at > ${now}
        AND page_sessions.used_at > ${now - idleSeconds}
      ORDER BY page_sessions.created_at DESC, page_sessions.token_hash DESC LIMIT ${listed}`;
    return rows.map(toOwn);
  }

  /** Ends the session of this token; false if there is none. */
  async remove(tokenHash: string): Promise<boolean> {
    return (
      (await this.#sql`DELETE FROM page_sessions WHERE token_hash = ${tokenHash} RETURNING token_hash`).length === 1
    );
  }

  /** Ends the sessions of all users. */
  async removeAll(): Promise<void> {
    await this.#sql`DELETE FROM page_sessions`;
  }

  /**
   * Ends sessions that began after `since` (seconds since 1970), whatever their user: the `limit` newest. Returns their
   * number.
   */
  async removeBegunAfter(since: number, limit: number): Promise<number> {
    const rows = await this.#sql`
      DELETE FROM page_sessions WHERE token_hash IN (
        SELECT token_hash FROM page_sessions WHERE created_at > ${since} ORDER BY created_at DESC LIMIT ${limit})
      RETURNING token_hash`;
    return rows.length;
  }
}

function toOwn(row: Record<string, string | null>): OwnPageSession {
  return {
    tokenHash: String(row["token_hash"]),
    method: row["method"] as SignInMethod,
    keyName: row["name"] ?? undefined,
    createdAt: Number(row["created_at"]),
    expiresAt: Number(row["expires_at"]),
  };
}
