/**
 * Users' security keys. Each change is one statement, so the database resolves races between concurrent calls. Statements
 * name their columns: with `*`, PostgreSQL refuses one that was prepared before a newer replica added a column.
 */
import type { Sql } from "../sql.ts";
import { decodeBase64url, encodeBase64url } from "../../../fido/codec/base64url.ts";
import { type Proof, readProof, writeProof } from "../../policy/proof.ts";
import type { User } from "./user.ts";

/** A credential record (WebAuthn Level 3, 4). */
export interface Credential {
  /** base64url. */
  id: string;
  userId: string;
  /** COSE_Key. */
  publicKey: Uint8Array<ArrayBuffer>;
  /** Signature counter of the last assertion. */
  counter: number;
  aaguid: string;
  /** Product name from the key's USB descriptor. */
  product: string | undefined;
  transports: string[];
  backupEligible: boolean;
  backedUp: boolean;
  /** Whether it counts as part of a phone or computer, by itself or by the key that approved it. */
  builtIn: boolean;
  /** Chosen by the user; unique among the user's keys. */
  name: string;
  createdAt: number;
  lastUsedAt: number | undefined;
  /** By what its model is proved; undefined if it is a claim. */
  proof?: Proof | undefined;
}

/** With what its registration brought; the attestation is read only where it is judged. */
export interface RegisteredCredential extends Credential {
  /** As `writeAttestation` writes it. */
  attestation?: string | undefined;
}

export interface FoundCredential {
  credential: Credential;
  user: User;
  revocation: number;
  attestation?: string | undefined;
}

export class CredentialStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds the credential, unless any user has its id or its user has its name. */
  async add(credential: RegisteredCredential): Promise<"added" | "credential_known" | "name_taken"> {
    const added = await this.#sql`
      INSERT INTO credentials (id, user_id, public_key, counter, aaguid, product, transports, backup_eligible, backed_up,
        built_in, name, created_at, attestation, proof, sequence)
      VALUES (${credential.id}, ${credential.userId}, ${encodeBase64url(credential.publicKey)}, ${credential.counter},
        ${credential.aaguid}, ${credential.product ?? null}, ${JSON.stringify(credential.transports)},
        ${Number(credential.backupEligible)}, ${Number(credential.backedUp)}, ${Number(credential.builtIn)},
        ${credential.name}, ${credential.createdAt}, ${credential.attestation ?? null}, ${writeProof(credential.proof)},
        (SELECT coalesce(max(sequence), 0) + 1 FROM credentials))
      ON CONFLICT DO NOTHING RETURNING id`;
    if (added.length === 1) {
      await this.#markEnrolled(credential.userId);
      return "added";
    }
    return (await this.find(credential.id)) ? "credential_known" : "name_taken";
  }

  /** The user's credentials, in order of enrolment. */
  async ofUser(userId: string): Promise<Credential[]> {
    const rows = await this.#sql`
      SELECT id, user_id, public_key, counter, aaguid, product, transports, backup_eligible, backed_up, built_in, name,
        created_at, last_used_at, proof
      FROM credentials WHERE user_id = ${userId} ORDER BY sequence`;
    return rows.map(toCredential);
  }

  /** Credentials of users with an email > `after` and ≤ `last` (a page of users); none without `last`. */
  async between(after: string, last: string | undefined): Promise<Credential[]> {
    if (last === undefined) return [];
    const rows = await this.#sql`
      SELECT credentials.id, user_id, public_key, counter, aaguid, product, transports, backup_eligible, backed_up, built_in, name,
        credentials.created_at, last_used_at, proof
      FROM credentials JOIN users ON users.id = credentials.user_id
      WHERE users.email > ${after} AND users.email <= ${last}
      ORDER BY credentials.sequence`;
    return rows.map(toCredential);
  }

  /**
   * The credential and its user; `revocation` is the number of the user's last revocation, `attestation` what the
   * registration brought (undefined if that was not kept yet).
   */
  async find(id: string): Promise<FoundCredential | undefined> {
    const [row] = await this.#sql`
      SELECT credentials.id, user_id, public_key, counter, aaguid, product, transports, backup_eligible, backed_up, built_in, name,
        credentials.created_at, last_used_at, proof, attestation, users.email, users.disabled_at, users.revocation
      FROM credentials JOIN users ON users.id = credentials.user_id
      WHERE credentials.id = CAST(${id} AS TEXT)`;
    return row && toFound(row);
  }

  /**
   * Records an accepted assertion. False if the counter did not increase (WebAuthn Level 3, 7.2 step 22), so only one
   * of two assertions with the same counter is recorded. Keys without a counter always send 0.
   */
  async recordAssertion(id: string, counter: number, backedUp: boolean, now: number): Promise<boolean> {
    const rows = await this.#sql`
      UPDATE credentials SET counter = ${counter}, backed_up = ${Number(backedUp)}, last_used_at = ${now}
      WHERE id = ${id} AND (counter < ${counter} OR (counter = 0 AND counter = ${counter})) RETURNING id`;
    return rows.length === 1;
  }

  /** Replaces what is known of the credential's model. */
  async setProof(id: string, proof: Proof | undefined): Promise<void> {
    await this.#sql`UPDATE credentials SET proof = ${writeProof(proof)} WHERE id = ${id}`;
  }

  /** Credentials with an id > `after`, in the order of their ids, each with its user: a page of at most `limit`. */
  async page(after: string, limit: number): Promise<FoundCredential[]> {
    const rows = await this.#sql`
      SELECT credentials.id, user_id, public_key, counter, aaguid, product, transports, backup_eligible, backed_up, built_in, name,
        credentials.created_at, last_used_at, proof, attestation, users.email, users.disabled_at, users.revocation
      FROM credentials JOIN users ON users.id = credentials.user_id
      WHERE credentials.id > ${after} ORDER BY credentials.id LIMIT ${limit}`;
    return rows.map(toFound);
  }

  /** Renames a credential of the user; its present name is accepted. */
  async rename(userId: string, id: string, name: string): Promise<"renamed" | "not_found" | "name_taken"> {
    const renamed = await this.#sql`
      UPDATE credentials SET name = ${name} WHERE id = ${id} AND user_id = ${userId}
        AND NOT EXISTS (SELECT 1 FROM credentials AS other
          WHERE other.user_id = ${userId} AND other.name = ${name} AND other.id <> ${id})
      RETURNING id`;
    if (renamed.length === 1) return "renamed";
    return (await this.#belongsTo(userId, id)) ? "name_taken" : "not_found";
  }

  /**
   * Removes a credential of the user and, through the foreign key, the sessions that it opened. Without `force`, the
   * last one stays: of two concurrent removals of the last two, one is refused. (Both databases run statements as if one
   * after the other, also across processes.)
   */
  async remove(userId: string, id: string, force: boolean): Promise<"removed" | "not_found" | "last"> {
    await this.#markEnrolled(userId);
    const removed = await this.#sql`
      DELETE FROM credentials WHERE id = ${id} AND user_id = ${userId}
        AND (${Number(force)} = 1 OR (SELECT count(*) FROM credentials AS own WHERE own.user_id = ${userId}) > 1)
      RETURNING id`;
    if (removed.length === 1) return "removed";
    return (await this.#belongsTo(userId, id)) ? "last" : "not_found";
  }

  /** Removes all credentials of the user; returns their number. */
  async removeAll(userId: string): Promise<number> {
    await this.#markEnrolled(userId);
    return (await this.#sql`DELETE FROM credentials WHERE user_id = ${userId} RETURNING id`).length;
  }

  /** Marks, for good, that the user has had a key: also before a removal, as a replica of an older version marks nobody. */
  async #markEnrolled(userId: string): Promise<void> {
    await this.#sql`
      UPDATE users SET enrolled_at = (SELECT min(created_at) FROM credentials WHERE user_id = ${userId})
      WHERE id = ${userId} AND enrolled_at IS NULL`;
  }

  async #belongsTo(userId: string, id: string): Promise<boolean> {
    return (await this.#sql`SELECT id FROM credentials WHERE id = ${id} AND user_id = ${userId}`).length === 1;
  }
}

function toFound(row: Record<string, string>): FoundCredential {
  return {
    credential: toCredential(row),
    user: { id: String(row["user_id"]), email: String(row["email"]), disabled: row["disabled_at"] !== null },
    revocation: Number(row["revocation"]),
    attestation: row["attestation"] ?? undefined,
  };
}

function toCredential(row: Record<string, string>): Credential {
  return {
    id: String(row["id"]),
    userId: String(row["user_id"]),
    publicKey: decodeBase64url(String(row["public_key"])),
    counter: Number(row["counter"]),
    aaguid: String(row["aaguid"]),
    product: row["product"] ?? undefined,
    transports: JSON.parse(String(row["transports"])),
    backupEligible: Number(row["backup_eligible"]) === 1,
    backedUp: Number(row["backed_up"]) === 1,
    builtIn: Number(row["built_in"]) === 1,
    name: String(row["name"]),
    createdAt: Number(row["created_at"]),
    lastUsedAt: row["last_used_at"] === null ? undefined : Number(row["last_used_at"]),
    proof: readProof(row["proof"]),
  };
}
