/** The configuration that `vouch server init` stored. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { Sql } from "./sql.ts";

const Audiences = v.array(v.string());

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

  /** Returns the configuration, or undefined before `vouch server init`. Throws `settings_invalid` if it is damaged. */
  async load(): Promise<ServerConfiguration | undefined> {
    const { url, audiences } = await this.#values();
    if (url === undefined || audiences === undefined) return undefined;
    if (!URL.canParse(url)) {
      throw new VouchError("settings_invalid", "The URL of the server in the database is none.", {
        hint: "Its row is damaged: restore a backup (`vouch server restore`).",
      });
    }
    const parsed = v.safeParse(Audiences, parseJson(audiences));
    if (parsed.success) return { url, audiences: parsed.output };
    throw new VouchError("settings_invalid", "The audiences in the database are not a list of names.", {
      hint: `Their row is damaged: set them anew with \`vouch server init --url ${url} --audience sts.amazonaws.com\`.`,
    });
  }

  /** Returns the server's URL, also where the audiences are damaged; undefined before `vouch server init`. */
  async url(): Promise<string | undefined> {
    const { url, audiences } = await this.#values();
    return audiences === undefined ? undefined : url;
  }

  async #values(): Promise<Record<string, string | undefined>> {
    const rows: { name: string; value: string }[] = await this.#sql`
      SELECT name, value FROM configuration WHERE name IN ('url', 'audiences')`;
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  async save(configuration: ServerConfiguration): Promise<void> {
    await this.#sql`
      INSERT INTO configuration (name, value)
      VALUES ('url', ${configuration.url}), ('audiences', ${JSON.stringify(configuration.audiences)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
  }
}
