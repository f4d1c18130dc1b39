/** Codes of logins in the browser (RFC 6749, 4.1.2), by their SHA-256; each is good once. */
import * as v from "valibot";
import { parseJson } from "../../../base/json.ts";
import type { Sql } from "../sql.ts";

/** What the code was made for: only the same request gets a session for it. */
const BoundSchema = v.object({
  /** PKCE's code challenge (RFC 7636, 4.2), of the method S256. */
  challenge: v.string(),
  /** RFC 7638 thumbprint of the client's DPoP key (RFC 9449, 10). */
  jkt: v.string(),
  /** Where the browser was led to; undefined for a code that the person types. */
  redirectUri: v.optional(v.string()),
  /** What the client called its machine: a claim. */
  client: v.optional(v.string()),
  /** The ceremony of the page at which the key was touched. */
  ceremony: v.string(),
  /** Number of the last revocation, of any user's sessions, before that ceremony began. */
  revocation: v.number(),
});

export interface AuthorizationCode extends v.InferOutput<typeof BoundSchema> {
  userId: string;
  credentialId: string;
  /** When the key was touched: seconds since 1970. */
  createdAt: number;
  expiresAt: number;
}

export class AuthorizationCodeStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Stores a new code. False if the credential is not the user's any more. */
  async add(codeHash: string, code: AuthorizationCode): Promise<boolean> {
    const { userId, credentialId, createdAt, expiresAt, ...bound } = code;
    const rows = await this.#sql`
      INSERT INTO authorization_codes (code_hash, user_id, credential_id, request, created_at, expires_at)
      SELECT ${codeHash}, user_id, id, ${JSON.stringify(bound)}, ${createdAt}, ${expiresAt}
      FROM credentials WHERE id = ${credentialId} AND user_id = ${userId} RETURNING code_hash`;
    return rows.length === 1;
  }

  /** Deletes and returns a code, which may have expired; only one of two concurrent calls gets it. */
  async take(codeHash: string): Promise<AuthorizationCode | undefined> {
    const [row] = await this.#sql`
      DELETE FROM authorization_codes WHERE code_hash = ${codeHash}
      RETURNING user_id, credential_id, request, created_at, expires_at`;
    return toCode(row);
  }

  /** Returns a code, which stays good, and may have expired. */
  async look(codeHash: string): Promise<AuthorizationCode | undefined> {
    const [row] = await this.#sql`
      SELECT user_id, credential_id, request, created_at, expires_at
      FROM authorization_codes WHERE code_hash = ${codeHash}`;
    return toCode(row);
  }

  /** Deletes the codes of all users. */
  async removeAll(): Promise<void> {
    await this.#sql`DELETE FROM authorization_codes`;
  }
}

function toCode(row: Record<string, unknown> | undefined): AuthorizationCode | undefined {
  const bound = v.safeParse(BoundSchema, row && parseJson(String(row["request"])));
  if (row === undefined || !bound.success) return undefined;
  return {
    ...bound.output,
    userId: String(row["user_id"]),
    credentialId: String(row["credential_id"]),
    createdAt: Number(row["created_at"]),
    expiresAt: Number(row["expires_at"]),
  };
}
