/** Pending WebAuthn ceremonies: their challenges, each valid for one response within five minutes. */
import type { Sql } from "../sql.ts";

export interface Ceremony {
  id: string;
  /**
   * A registration needs an invite's code, an addition, a renaming, a removal, a publication or an administration a session; a page sign-in
   * opens a session of the pages, and a page change needs one.
   */
  type:
    | "registration"
    | "addition"
    | "renaming"
    | "removal"
    | "publication"
    | "administration"
    | "authentication"
    | "page_sign_in"
    | "browser_login"
    | "page_change";
  /** base64url, as in the options. */
  challenge: string;
  /** SHA-256 of the invite's code; registrations only. */
  codeHash?: string | undefined;
  /** The user of the session; those that need one only. */
  userId?: string | undefined;
  expiresAt: number;
}

/** A stored ceremony. */
export interface BegunCeremony extends Ceremony {
  /** Number of the last revocation, of any user's sessions, before the ceremony began. */
  revocation: number;
}

export class CeremonyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add(ceremony: Ceremony): Promise<void> {
    await this.#sql`
      INSERT INTO ceremonies (id, type, challenge, code_hash, user_id, expires_at, revocation)
      VALUES (${ceremony.id}, ${ceremony.type}, ${ceremony.challenge}, ${ceremony.codeHash ?? null},
        ${ceremony.userId ?? null}, ${ceremony.expiresAt},
        (SELECT coalesce(max(revocation), 0) FROM users))`;
  }

  /** Deletes the ceremonies of all users. */
  async removeAll(): Promise<void> {
    await this.#sql`DELETE FROM ceremonies`;
  }

  /** Returns the ceremony and leaves it: for what is checked before the transaction that takes it. */
  async find(id: string, type: Ceremony["type"]): Promise<BegunCeremony | undefined> {
    if (id.includes("\0")) return undefined;
    const [row] = await this.#sql`
      SELECT id, type, challenge, code_hash, user_id, expires_at, revocation
      FROM ceremonies WHERE id = ${id} AND type = ${type}`;
    return row && toCeremony(row);
  }

  /**
   * Deletes and returns the ceremony, which may have expired; only one of two concurrent calls gets it. `id` is any text
   * of a client's.
   */
  async take(id: string, type: Ceremony["type"]): Promise<BegunCeremony | undefined> {
    // PostgreSQL's text has no NUL.
    if (id.includes("\0")) return undefined;
    const [row] = await this.#sql`
      DELETE FROM ceremonies WHERE id = ${id} AND type = ${type}
      RETURNING id, type, challenge, code_hash, user_id, expires_at, revocation`;
    return row && toCeremony(row);
  }
}

function toCeremony(row: Record<string, string | null>): BegunCeremony {
  return {
    id: String(row["id"]),
    type: row["type"] as Ceremony["type"],
    challenge: String(row["challenge"]),
    codeHash: row["code_hash"] ?? undefined,
    userId: row["user_id"] ?? undefined,
    expiresAt: Number(row["expires_at"]),
    revocation: Number(row["revocation"]),
  };
}
