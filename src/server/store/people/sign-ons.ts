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
  /** The person is asked for their consent anew, as it takes one for a refresh token. */
  consent?: true | undefined;
  expiresAt: number;
}

export class SignOnStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add({ stateHash, browserHash, nonce, verifier, purpose, consent, expiresAt }: SignOn): Promise<void> {
    const asked = JSON.stringify({ for: purpose, consent });
    await this.#sql`
      INSERT INTO sign_ons (state_hash, browser_hash, nonce, verifier, purpose, expires_at)
      VALUES (${stateHash}, ${browserHash}, ${nonce}, ${verifier}, ${asked}, ${expiresAt})`;
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
    const { for: purpose, consent } = JSON.parse(String(row.purpose)) as { for: unknown; consent?: unknown };
    const known = signOnPurposes.find((each) => each === purpose);
    if (known === undefined) return undefined;
    return {
      stateHash,
      browserHash,
      nonce: String(row.nonce),
      verifier: String(row.verifier),
      purpose: known,
      ...(consent === true && { consent }),
      expiresAt: Number(row.expires_at),
    };
  }
}
