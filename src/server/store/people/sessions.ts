/** Sessions, by the SHA-256 of their access token, and the replay cache of DPoP proofs. */
import type { Sql } from "../sql.ts";
import { type Proof, readProof } from "../../policy/proof.ts";
import { idleSeconds } from "./page-sessions.ts";
import type { User } from "./user.ts";

/** Sessions of one page. */
export const sessionsPage = 500;

export interface Session {
  user: User;
  /** RFC 7638 thumbprint of the DPoP key that the access token is bound to (RFC 9449, 6). */
  jkt: string;
  /** The credential that opened it. */
  credentialId: string;
  createdAt: number;
  expiresAt: number;
  revoked: boolean;
  /** By what the model of the credential is proved. */
  proof?: Proof | undefined;
  /** Where the key was touched, if not at the command line. */
  openedBy?: "browser" | undefined;
}

/** A live session as its user sees it. */
export interface OwnSession {
  tokenHash: string;
  createdAt: number;
  expiresAt: number;
  /** The name of the credential that opened it. */
  keyName: string;
  /** What the client called its machine at login: a claim. */
  client: string | undefined;
}

/** Where a page begins: after this session. */
export type SessionPosition = Pick<OwnSession, "createdAt" | "tokenHash">;

interface Client {
  client: string | null;
}

export class SessionStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Stores a new session. False if its credential has been removed in the meantime. */
  async add(tokenHash: string, session: Omit<Session, "revoked" | "proof">, client?: string): Promise<boolean> {
    const rows = await this.#sql`
      INSERT INTO sessions (token_hash, user_id, jkt, credential_id, created_at, expires_at, client, opened_by)
      SELECT ${tokenHash}, user_id, ${session.jkt}, id, ${session.createdAt}, ${session.expiresAt}, ${client ?? null},
        ${session.openedBy ?? null}
      FROM credentials WHERE id = ${session.credentialId} AND user_id = ${session.user.id} RETURNING token_hash`;
    return rows.length === 1;
  }

  async find(tokenHash: string): Promise<Session | undefined> {
    const [row] = await this.#sql`
      SELECT sessions.user_id, jkt, credential_id, sessions.created_at, expires_at, revoked_at, opened_by,
        users.email, users.disabled_at, credentials.proof
      FROM sessions JOIN users ON users.id = sessions.user_id JOIN credentials ON credentials.id = credential_id
      WHERE token_hash = CAST(${tokenHash} AS TEXT)`;
    return (
      row && {
        user: { id: row.user_id, email: row.email, disabled: row.disabled_at !== null },
        jkt: row.jkt,
        credentialId: row.credential_id,
        createdAt: Number(row.created_at),
        expiresAt: Number(row.expires_at),
        revoked: row.revoked_at !== null,
        proof: readProof(row.proof),
        openedBy: row.opened_by === "browser" ? "browser" : undefined,
      }
    );
  }

  /** The user's live sessions, the oldest first: the first page (`sessionsPage`), or that after a session. */
  async ofUser(userId: string, now: number, after?: SessionPosition): Promise<OwnSession[]> {
    const rows = await this.#sql`
      SELECT sessions.token_hash, sessions.created_at, sessions.expires_at, sessions.client, credentials.name
      FROM sessions JOIN credentials ON credentials.id = sessions.credential_id
      WHERE sessions.user_id = ${userId} AND revoked_at IS NULL AND expires_at > ${now}
        AND (sessions.created_at, sessions.token_hash) > (${after?.createdAt ?? 0}, ${after?.tokenHash ?? ""})
      ORDER BY sessions.created_at, sessions.token_hash LIMIT ${sessionsPage}`;
    return rows.map((row: Record<"token_hash" | "created_at" | "expires_at" | "name", string> & Client) => ({
      tokenHash: row.token_hash,
      createdAt: Number(row.created_at),
      expiresAt: Number(row.expires_at),
      keyName: row.name,
      client: row.client ?? undefined,
    }));
  }

  /** Revokes the session of this token; no effect if unknown or already revoked. */
  async revoke(tokenHash: string, now: number): Promise<void> {
    await this.#sql`UPDATE sessions SET revoked_at = ${now} WHERE token_hash = ${tokenHash} AND revoked_at IS NULL`;
  }

  /**
   * Revokes the user's pending logins and sessions, those of the pages too, except that of one token; returns the number
   * of those that were live, as `UserSummary` counts them.
   */
  async revokeAll(userId: string, now: number, exceptTokenHash = ""): Promise<number> {
    await this.#sql`UPDATE users SET revocation = (SELECT max(revocation) + 1 FROM users) WHERE id = ${userId}`;
    const rows = await this.#sql`
      UPDATE sessions SET revoked_at = ${now}
      WHERE user_id = ${userId} AND revoked_at IS NULL AND expires_at > ${now} AND token_hash <> ${exceptTokenHash}
      RETURNING token_hash`;
    const pages: { used_at: unknown }[] = await this.#sql`
      DELETE FROM page_sessions
      WHERE user_id = ${userId} AND expires_at > ${now} AND token_hash <> ${exceptTokenHash} RETURNING used_at`;
    return rows.length + pages.filter((page) => Number(page.used_at) > now - idleSeconds).length;
  }

  /**
   * Revokes live sessions that began after `since`, whatever their user: the `limit` newest. Returns their number. Times
   * in seconds since 1970.
   */
  async revokeBegunAfter(since: number, now: number, limit: number): Promise<number> {
    const rows = await this.#sql`
      UPDATE sessions SET revoked_at = ${now}
      WHERE token_hash IN (
        SELECT token_hash FROM sessions WHERE created_at > ${since} AND revoked_at IS NULL AND expires_at > ${now}
        ORDER BY created_at DESC LIMIT ${limit})
      RETURNING token_hash`;
    return rows.length;
  }

  /**
   * Revokes sessions that are not revoked, whatever their user and also those that seem to have expired: the `limit`
   * newest. Returns how many, and how many of them were live. `now` in seconds since 1970.
   */
  async revokeNewest(now: number, limit: number): Promise<{ revoked: number; live: number }> {
    const rows: { expires_at: unknown }[] = await this.#sql`
      UPDATE sessions SET revoked_at = ${now}
      WHERE token_hash IN (
        SELECT token_hash FROM sessions WHERE created_at > 0 AND revoked_at IS NULL
        ORDER BY created_at DESC LIMIT ${limit})
      RETURNING expires_at`;
    return { revoked: rows.length, live: rows.filter((row) => Number(row.expires_at) > now).length };
  }

  /** Number of live sessions that the credential opened, those of the pages too. */
  async countOpenedBy(credentialId: string, now: number): Promise<number> {
    const [row] = await this.#sql`
      SELECT (SELECT count(*) FROM sessions
          WHERE credential_id = ${credentialId} AND revoked_at IS NULL AND expires_at > ${now})
        + (SELECT count(*) FROM page_sessions
          WHERE credential_id = ${credentialId} AND expires_at > ${now} AND used_at > ${now - idleSeconds}) AS live`;
    return Number(row.live);
  }

  /**
   * Stores a DPoP proof's id until the proof is too old (seconds since 1970). False if it is a replay (RFC 9449, 11.1).
   * The stored id begins with that time: the index grows at its end, and the purge finds the oldest by it.
   */
  async rememberProof(id: string, expiresAt: number): Promise<boolean> {
    const rows = await this.#sql`
      INSERT INTO dpop_proofs (id, expires_at) VALUES (${`${expiresAt} ${id}`}, ${expiresAt})
      ON CONFLICT (id) DO NOTHING RETURNING id`;
    return rows.length === 1;
  }
}
