/** Sign-ons that are under way at the identity provider, each bound to the browser that began it. */
import type { Sql } from "../sql.ts";

/** What a sign-on is for: an enrolment code, or the pages. */
export const signOnPurposes = ["enroll", "pages"] as const;

export type SignOnPurpose = (typeof signOnPurposes)[number];

export interface SignOn {
  /** SHA-256 of `state`. */
  stateHash: string;
  /** SHA-256 of the cookie of the browser. */
  browserHash: string;
  nonce: string;
  /** PKCE's code verifier (RFC 7636, 4.1). */
  verifier: string;
  purpose: SignOnPurpose;
  expiresAt: number;
}

export class SignOnStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add({ stateHash, browserHash, nonce, verifier, purpose, expiresAt }: SignOn): Promise<void> {
    await this.#sql`
      INSERT INTO sign_ons (state_hash, browser_hash, nonce, verifier, purpose, expires_at)
      VALUES (${stateHash}, ${browserHash}, ${nonce}, ${verifier}, ${JSON.stringify({ for: purpose })}, ${expiresAt})`;
  }

  /** Deletes those of all browsers. */
  async removeAll(): Promise<void> {
    await this.#sql`DELETE FROM sign_ons`;
  }

  /**
   * Deletes and returns a sign-on of this browser, which may have expired; only one of two concurrent calls gets it.
   * Another browser's stays.
   */
  async take(stateHash: string, browserHash: string): Promise<SignOn | undefined> {
    const [row] = await this.#sql`
      DELETE FROM sign_ons WHERE state_hash = ${stateHash} AND browser_hash = ${browserHash}
      RETURNING nonce, verifier, purpose, expires_at`;
    if (row === undefined) return undefined;
    const { for: purpose } = JSON.parse(String(row.purpose)) as { for: unknown };
    const known = signOnPurposes.find((each) => each === purpose);
    if (known === undefined) return undefined;
    return {
      stateHash,
      browserHash,
      nonce: String(row.nonce),
      verifier: String(row.verifier),
      purpose: known,
      expiresAt: Number(row.expires_at),
    };
  }
}
