/** Sessions, by the SHA-256 of their access token, and the DPoP proofs seen. */
import type { SQL } from "bun";
import type { User } from "./accounts.ts";

export interface Session {
  user: User;
  /** The RFC 7638 thumbprint of the DPoP key that the access token is bound to (RFC 9449, 6). */
  jkt: string;
  createdAt: number;
  expiresAt: number;
  revoked: boolean;
}

export class SessionStore {
  private readonly sql: SQL;

  constructor(sql: SQL) {
    this.sql = sql;
  }

  async add(tokenHash: string, session: Omit<Session, "revoked">): Promise<void> {
    await this.sql`
      INSERT INTO sessions (token_hash, user_id, jkt, created_at, expires_at)
      VALUES (${tokenHash}, ${session.user.id}, ${session.jkt}, ${session.createdAt}, ${session.expiresAt})`;
  }

  async find(tokenHash: string): Promise<Session | undefined> {
    const [row] = await this.sql`
      SELECT sessions.*, users.email FROM sessions JOIN users ON users.id = sessions.user_id
      WHERE token_hash = ${tokenHash}`;
    return (
      row && {
        user: { id: row.user_id, email: row.email },
        jkt: row.jkt,
        createdAt: Number(row.created_at),
        expiresAt: Number(row.expires_at),
        revoked: row.revoked_at !== null,
      }
    );
  }

  /** Revokes the session of this token; an unknown or revoked one stays as it is. */
  async revoke(tokenHash: string, now: number): Promise<void> {
    await this.sql`UPDATE sessions SET revoked_at = ${now} WHERE token_hash = ${tokenHash} AND revoked_at IS NULL`;
  }

  /** Revokes every live session of the user; returns how many. */
  async revokeAll(userId: string, now: number): Promise<number> {
    const rows = await this.sql`
      UPDATE sessions SET revoked_at = ${now}
      WHERE user_id = ${userId} AND revoked_at IS NULL AND expires_at > ${now} RETURNING token_hash`;
    return rows.length;
  }

  /** Remembers a DPoP proof until it would be refused by its age. False when it has been seen (RFC 9449, 11.1). */
  async rememberProof(id: string, expiresAt: number): Promise<boolean> {
    const rows = await this.sql`
      INSERT INTO dpop_proofs (id, expires_at) VALUES (${id}, ${expiresAt}) ON CONFLICT (id) DO NOTHING RETURNING id`;
    return rows.length === 1;
  }
}
