/** The configuration that `vouch server init` stored. */
import type { Sql } from "./sql.ts";

export interface ServerConfiguration {
  /** The server's origin: issuer and WebAuthn origin; its host is the rp.id. */
  url: string;
  /** Allowed audiences of ID tokens. */
  audiences: string[];
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
}
