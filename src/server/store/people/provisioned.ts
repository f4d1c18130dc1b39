/** People as SCIM sees them: those alone whom it made, or whom it was let take up. */
import type { Sql } from "../sql.ts";
import type { User } from "./user.ts";

/** What SCIM says of a person. */
export interface ScimPerson {
  /** In lower case. */
  email: string;
  displayName: string | undefined;
  givenName: string | undefined;
  familyName: string | undefined;
  /** Id at the SCIM client. */
  externalId: string | undefined;
}

export interface Provisioned extends User, ScimPerson {
  createdAt: number;
}

/** `managed`: SCIM sees and changes the person. `open`: it may take them up by creating them. */
export const scimStates = ["managed", "open"] as const;

export type ScimState = (typeof scimStates)[number];

interface Row {
  id: string;
  email: string;
  display_name: string | null;
  given_name: string | null;
  family_name: string | null;
  external_id: string | null;
  disabled_at: unknown;
  created_at: unknown;
}

export class ProvisionedStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(id: string): Promise<Provisioned | undefined> {
    const rows: Row[] = await this.#sql`
      SELECT id, email, display_name, given_name, family_name, external_id, disabled_at, created_at
      FROM users WHERE id = CAST(${id} AS TEXT) AND scim = 'managed'`;
    return rows.map(toProvisioned)[0];
  }

  async findByEmail(email: string): Promise<Provisioned | undefined> {
    const rows: Row[] = await this.#sql`
      SELECT id, email, display_name, given_name, family_name, external_id, disabled_at, created_at
      FROM users WHERE email = CAST(${email} AS TEXT) AND scim = 'managed'`;
    return rows.map(toProvisioned)[0];
  }

  /** Those with this id at the client, which need not be one. */
  async findByExternalId(externalId: string, limit: number): Promise<Provisioned[]> {
    const rows: Row[] = await this.#sql`
      SELECT id, email, display_name, given_name, family_name, external_id, disabled_at, created_at
      FROM users WHERE external_id = CAST(${externalId} AS TEXT) AND scim = 'managed' LIMIT ${limit}`;
    return rows.map(toProvisioned);
  }

  /** In the order of their emails: `limit` at most, after the first `offset`. */
  async page({ offset, limit }: { offset: number; limit: number }): Promise<Provisioned[]> {
    const rows: Row[] = await this.#sql`
      SELECT id, email, display_name, given_name, family_name, external_id, disabled_at, created_at
      FROM users WHERE scim = 'managed' ORDER BY email LIMIT ${limit} OFFSET ${offset}`;
    return rows.map(toProvisioned);
  }

  async count(): Promise<number> {
    const [row] = await this.#sql`SELECT count(*) AS people FROM users WHERE scim = 'managed'`;
    return Number(row.people);
  }

  /** How SCIM stands to the person, whoever made them, and the id that it last had for them. */
  async stateOf(userId: string): Promise<{ state: ScimState | undefined; externalId: string | undefined }> {
    const [row] = await this.#sql`SELECT scim, external_id FROM users WHERE id = ${userId}`;
    return { state: row?.scim ?? undefined, externalId: row?.external_id ?? undefined };
  }

  async setState(userId: string, state: ScimState | undefined): Promise<void> {
    await this.#sql`UPDATE users SET scim = ${state ?? null} WHERE id = ${userId}`;
  }

  /** Writes what SCIM says of the person. False if the email is another's. */
  async write(userId: string, { email, displayName, givenName, familyName, externalId }: ScimPerson): Promise<boolean> {
    const written = await this.#sql`
      UPDATE users SET email = ${email}, display_name = ${displayName ?? null}, given_name = ${givenName ?? null},
        family_name = ${familyName ?? null}, external_id = ${externalId ?? null}
      WHERE id = ${userId}
        AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email = ${email} AND other.id <> ${userId})
      RETURNING id`;
    return written.length === 1;
  }

  /** Forgets the id that SCIM had for the person. */
  async forgetExternalId(userId: string): Promise<void> {
    await this.#sql`UPDATE users SET external_id = NULL WHERE id = ${userId}`;
  }
}

function toProvisioned(row: Row): Provisioned {
  return {
    id: row.id,
    email: row.email,
    disabled: row.disabled_at !== null,
    displayName: row.display_name ?? undefined,
    givenName: row.given_name ?? undefined,
    familyName: row.family_name ?? undefined,
    externalId: row.external_id ?? undefined,
    createdAt: Number(row.created_at),
  };
}
