/** WebAuthn ceremonies that have begun: their challenges, each good for one answer within five minutes. */
import type { Sql } from "./statements.ts";

export interface Ceremony {
  id: string;
  /** A registration is begun with an invite's code, an addition and a removal with a session. */
  type: "registration" | "addition" | "removal" | "authentication";
  /** base64url, as it stands in the options. */
  challenge: string;
  /** The SHA-256 of the invite's code that began a registration. */
  codeHash?: string | undefined;
  /** The user whose session began an addition or a removal. */
  userId?: string | undefined;
  expiresAt: number;
}

/** A ceremony as it was stored. */
export interface BegunCeremony extends Ceremony {
  /** The number of the last revocation of anybody's sessions before it began. */
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

  /** Takes the ceremony out of the database: of two concurrent calls, one gets it. It may have expired. */
  async take(id: string, type: Ceremony["type"]): Promise<BegunCeremony | undefined> {
    const [row] = await this.#sql`DELETE FROM ceremonies WHERE id = ${id} AND type = ${type} RETURNING *`;
    return (
      row && {
        id: row.id,
        type: row.type,
        challenge: row.challenge,
        codeHash: row.code_hash ?? undefined,
        userId: row.user_id ?? undefined,
        expiresAt: Number(row.expires_at),
        revocation: Number(row.revocation),
      }
    );
  }
}
