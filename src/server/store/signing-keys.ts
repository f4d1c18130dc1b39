/** The keys that sign ID tokens. */
import { signingKeysVersion } from "./schema-versions.ts";
import type { Sql } from "./sql.ts";

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  kid: string;
  /** An ES256 JWK as JSON; private if nothing protects it. */
  jwk: string;
  /** Where the private key is otherwise, as JSON. */
  protection: string | undefined;
  /** Since when it is in the JWKS, in seconds since 1970. */
  publishedAt: number;
  /** Since when it signs, in seconds since 1970; until a key with a later time does. */
  signsFrom: number;
}

export class SigningKeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Every key, in the order in which they sign. A key of an older program has signed since it was made. */
  async all(): Promise<SigningKey[]> {
    const rows = await this.#sql`
      SELECT kid, private_jwk, protection, coalesce(published_at, created_at) AS published, coalesce(signs_from, created_at) AS signs
      FROM signing_keys ORDER BY signs, kid`;
    return rows.map((row: Record<string, string | null>) => ({
      kid: String(row["kid"]),
      jwk: String(row["private_jwk"]),
      protection: row["protection"] ?? undefined,
      publishedAt: Number(row["published"]),
      signsFrom: Number(row["signs"]),
    }));
  }

  /**
   * Adds a key. Programs of older versions sign with the key that has the greatest `created_at`: they know the first key
   * alone, and publish the others.
   */
  async add(key: SigningKey): Promise<void> {
    await this.#sql`
      INSERT INTO signing_keys (kid, private_jwk, protection, created_at, published_at, signs_from)
      VALUES (${key.kid}, ${key.jwk}, ${key.protection ?? null},
        CASE WHEN EXISTS (SELECT 1 FROM signing_keys) THEN 0 ELSE CAST(${key.publishedAt} AS BIGINT) END,
        ${key.publishedAt}, ${key.signsFrom})`;
  }

  /** Replaces how a key is kept, if it is still kept as in `before`; false otherwise. */
  async replace(before: SigningKey, after: Pick<SigningKey, "jwk" | "protection">): Promise<boolean> {
    const replaced = await this.#sql`
      UPDATE signing_keys SET private_jwk = ${after.jwk}, protection = ${after.protection ?? null}
      WHERE kid = ${before.kid} AND private_jwk = ${before.jwk}
        AND coalesce(protection, '') = ${before.protection ?? ""}
      RETURNING kid`;
    return replaced.length === 1;
  }

  /** Changes since when a key has signed. */
  async setSignsFrom(kid: string, signsFrom: number): Promise<void> {
    await this.#sql`UPDATE signing_keys SET signs_from = ${signsFrom} WHERE kid = ${kid}`;
  }

  async remove(kid: string): Promise<void> {
    await this.#sql`DELETE FROM signing_keys WHERE kid = ${kid}`;
  }

  /** From now on, programs that know one key in clear text refuse to start on this database. */
  async shutOutOlderPrograms(): Promise<void> {
    await this.#sql`
      UPDATE schema_versions SET needs = ${signingKeysVersion}
      WHERE version = ${signingKeysVersion} AND needs < ${signingKeysVersion}`;
  }
}
