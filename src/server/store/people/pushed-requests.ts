/** Authorization requests that terminals have pushed (RFC 9126), by the SHA-256 of what names them; each is granted once. */
import * as v from "valibot";
import { parseJson } from "../../../base/json.ts";
import type { Sql } from "../sql.ts";

/** What the terminal asks for. */
const AskedSchema = v.object({
  /** On the terminal's own machine; undefined for a code that the person types. */
  redirectUri: v.optional(v.string()),
  /** Opaque to the server; there with `redirectUri`. */
  state: v.optional(v.string()),
  /** PKCE's code challenge (RFC 7636, 4.2), of the method S256. */
  challenge: v.string(),
  /** RFC 7638 thumbprint of the client's DPoP key, whose possession the request proved. */
  jkt: v.string(),
  /** What the terminal calls its machine: a claim. */
  client: v.optional(v.string()),
});

export interface PushedRequest extends v.InferOutput<typeof AskedSchema> {
  /** Where the request came from, as the server saw it. */
  address: string;
  /** Seconds since 1970. */
  createdAt: number;
  expiresAt: number;
}

export class PushedRequestStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add(uriHash: string, { address, createdAt, expiresAt, ...asked }: PushedRequest): Promise<void> {
    await this.#sql`
      INSERT INTO pushed_requests (uri_hash, request, address, created_at, expires_at)
      VALUES (${uriHash}, ${JSON.stringify(asked)}, ${address}, ${createdAt}, ${expiresAt})`;
  }

  /** Returns the request, which may have expired, and leaves it: a page can be reloaded. */
  async find(uriHash: string): Promise<PushedRequest | undefined> {
    const [row] = await this.#sql`
      SELECT request, address, created_at, expires_at FROM pushed_requests WHERE uri_hash = ${uriHash}`;
    return row && toRequest(row);
  }

  /** Deletes and returns the request, which may have expired; only one of two concurrent calls gets it. */
  async take(uriHash: string): Promise<PushedRequest | undefined> {
    const [row] = await this.#sql`
      DELETE FROM pushed_requests WHERE uri_hash = ${uriHash}
      RETURNING request, address, created_at, expires_at`;
    return row && toRequest(row);
  }

  /** Deletes the requests of all terminals. */
  async removeAll(): Promise<void> {
    await this.#sql`DELETE FROM pushed_requests`;
  }
}

function toRequest(row: Record<string, string>): PushedRequest | undefined {
  const asked = v.safeParse(AskedSchema, parseJson(String(row["request"])));
  if (!asked.success) return undefined;
  return {
    ...asked.output,
    address: String(row["address"]),
    createdAt: Number(row["created_at"]),
    expiresAt: Number(row["expires_at"]),
  };
}
