/** The metadata of models that the server last verified: replicas share them, and a restart needs no network. */
import * as v from "valibot";
import { parseJson } from "../../base/json.ts";
import { type Metadata, MetadataSchema } from "../policy/metadata.ts";
import type { Sql } from "./sql.ts";

const name = "attestation_metadata";
/** Names an issue as it was last read; they are large, so that this is looked at first. */
const versionName = "attestation_metadata_version";

export class AttestationMetadataStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Changes with what `load` returns; undefined if there are none. */
  async version(): Promise<string | undefined> {
    const [row] = await this.#sql`SELECT value FROM configuration WHERE name = ${versionName}`;
    return row?.value;
  }

  /** Undefined if there are none, or none that this program can read. */
  async load(): Promise<Metadata | undefined> {
    const [row] = await this.#sql`SELECT value FROM configuration WHERE name = ${name}`;
    const parsed = v.safeParse(MetadataSchema, row && parseJson(row.value));
    return parsed.success ? parsed.output : undefined;
  }

  /**
   * Keeps verified metadata. In a transaction: false if those of the same root that are kept have a higher number, so that
   * nobody brings back what was said before a model was revoked.
   */
  async keep(metadata: Metadata): Promise<boolean> {
    const kept = await this.load();
    if (kept !== undefined && kept.root === metadata.root && kept.number > metadata.number) return false;
    const version = `${metadata.root} ${metadata.number} ${metadata.readAt} ${metadata.source}`;
    await this.#sql`
      INSERT INTO configuration (name, value) VALUES (${name}, ${JSON.stringify(metadata)}), (${versionName}, ${version})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
    return true;
  }
}
