/** The configuration that `vouch server init` stored, and the signing keys of ID tokens. */
import type { Sql } from "./sql.ts";

export interface ServerConfiguration {
  /** The server's origin: issuer and WebAuthn origin; its host is the rp.id. */
  url: string;
  /** Allowed audiences of ID tokens. */
  audiences: string[];
}

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  kid: string;
  /** A private JWK (ES256) as JSON. */
  privateJwk: string;
  createdAt: number;
}

export class ConfigurationStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Returns the configuration, or undefined before `vouch server init`. */
  async load(): Promise<ServerConfiguration | undefined> {
    const rows: { name: string; value: string }[] = await this.#sql`SELECT name, value FROM configuration`;
    const values = new Map(rows.map(({ name, value }) => [name, value]));
    const url = values.get("url");
    const audiences = values.get("audiences");
    return url === undefined || audiences === undefined ? undefined : { url, audiences: JSON.parse(audiences) };
  }

  async save(configuration: ServerConfiguration): Promise<void> {
    await this.#sql`
      INSERT INTO configuration (name, value)
      VALUES ('url', ${configuration.url}), ('audiences', ${JSON.stringify(configuration.audiences)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
  }

  async addSigningKey(key: SigningKey): Promise<void> {
    await this.#sql`
      INSERT INTO signing_keys (kid, private_jwk, created_at) VALUES (${key.kid}, ${key.privateJwk}, ${key.createdAt})`;
  }

  /** Returns the keys that are not retired, newest first. */
  async signingKeys(): Promise<SigningKey[]> {
    const rows = await this.#sql`
      SELECT kid, private_jwk, created_at FROM signing_keys ORDER BY created_at DESC, kid`;
    return rows.map((row: Record<string, string>) => ({
      kid: row["kid"],
      privateJwk: row["private_jwk"],
      createdAt: Number(row["created_at"]),
    }));
  }
}
