/** Bearer tokens of SCIM clients: the company's identity provider changes people and groups with one. */
import { sha256 } from "../../random.ts";
import type { Sql } from "../sql.ts";

/** How long a use may go unrecorded, in seconds. */
const useSeconds = 3600;

export interface ScimToken {
  /** Of this token: another one of its name has another. */
  id: string;
  name: string;
  createdAt: number;
  /** As of an hour before at most. */
  lastUsedAt: number | undefined;
}

export class ScimTokenStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds a token by its SHA-256. False if there is one of this name. */
  async add(name: string, tokenHash: string, now: number): Promise<boolean> {
    const added = await this.#sql`
      INSERT INTO scim_tokens (token_hash, name, created_at) VALUES (${tokenHash}, ${name}, ${now})
      ON CONFLICT DO NOTHING RETURNING name`;
    return added.length === 1;
  }

  /** The token of this SHA-256. */
  async find(tokenHash: string): Promise<ScimToken | undefined> {
    const [row] = await this.#sql`
      SELECT token_hash, name, created_at, last_used_at FROM scim_tokens WHERE token_hash = CAST(${tokenHash} AS TEXT)`;
    return row && toToken(row);
  }

  /** Records a use, once an hour. */
  async used(tokenHash: string, { lastUsedAt }: Pick<ScimToken, "lastUsedAt">, now: number): Promise<void> {
    if (lastUsedAt !== undefined && now - lastUsedAt < useSeconds) return;
    await this.#sql`UPDATE scim_tokens SET last_used_at = ${now} WHERE token_hash = ${tokenHash}`;
  }

  /** All of them, in the order of their names. */
  async list(): Promise<ScimToken[]> {
    return (await this.#sql`SELECT token_hash, name, created_at, last_used_at FROM scim_tokens ORDER BY name`).map(
      toToken,
    );
  }

  /** Removes a token. False if there is none of this name. */
  async remove(name: string): Promise<boolean> {
    return (await this.#sql`DELETE FROM scim_tokens WHERE name = ${name} RETURNING name`).length === 1;
  }

  /** Removes all tokens; returns their number. */
  async removeAll(): Promise<number> {
    return (await this.#sql`DELETE FROM scim_tokens RETURNING name`).length;
  }
}

function toToken(row: Record<string, string | null>): ScimToken {
  return {
    id: sha256(String(row["token_hash"])),
    name: String(row["name"]),
    createdAt: Number(row["created_at"]),
    lastUsedAt: row["last_used_at"] === null ? undefined : Number(row["last_used_at"]),
  };
}
