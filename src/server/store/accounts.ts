/** Users, the invites that let them enrol, and their security keys. */
import type { SQL } from "bun";
import { decodeBase64url, encodeBase64url } from "../../codec/base64url.ts";

export interface User {
  /** A UUID: the `sub` of ID tokens; its UTF-8 bytes are the WebAuthn user handle. */
  id: string;
  /** In lower case. */
  email: string;
}

export interface Invite {
  user: User;
  expiresAt: number;
  usedAt: number | undefined;
}

/** A credential record (WebAuthn Level 3, 4). */
export interface Credential {
  /** base64url. */
  id: string;
  userId: string;
  /** COSE_Key. */
  publicKey: Uint8Array<ArrayBuffer>;
  /** The signature counter of the last assertion. */
  counter: number;
  aaguid: string;
  transports: string[];
  backupEligible: boolean;
  backedUp: boolean;
  name: string;
  createdAt: number;
  lastUsedAt: number | undefined;
}

export interface UserSummary extends User {
  createdAt: number;
  credentials: Credential[];
  /** How many sessions have neither ended nor been revoked. */
  sessions: number;
  /** When the invite that is still open ends. */
  inviteExpiresAt: number | undefined;
}

export class AccountStore {
  private readonly sql: SQL;

  constructor(sql: SQL) {
    this.sql = sql;
  }

  /** Makes the user when there is none with this email, and an invite that replaces the open ones. */
  async invite(email: string, codeHash: string, now: number, expiresAt: number): Promise<User> {
    await this.sql`
      INSERT INTO users (id, email, created_at) VALUES (${crypto.randomUUID()}, ${email}, ${now})
      ON CONFLICT (email) DO NOTHING`;
    const user = await this.findUser(email);
    if (!user) throw new Error("the user vanished while being invited");
    await this.sql`DELETE FROM invites WHERE user_id = ${user.id} AND used_at IS NULL`;
    await this.sql`
      INSERT INTO invites (code_hash, user_id, created_at, expires_at)
      VALUES (${codeHash}, ${user.id}, ${now}, ${expiresAt})`;
    return user;
  }

  async findInvite(codeHash: string): Promise<Invite | undefined> {
    const [row] = await this.sql`
      SELECT users.id, users.email, invites.expires_at, invites.used_at
      FROM invites JOIN users ON users.id = invites.user_id WHERE code_hash = ${codeHash}`;
    return (
      row && {
        user: { id: row.id, email: row.email },
        expiresAt: Number(row.expires_at),
        usedAt: optionalNumber(row.used_at),
      }
    );
  }

  async findUser(email: string): Promise<User | undefined> {
    const [row] = await this.sql`SELECT id, email FROM users WHERE email = ${email}`;
    return row && { id: row.id, email: row.email };
  }

  /**
   * Uses up the invite and adds the credential. One statement claims the invite, so of two concurrent calls one wins.
   * No transaction: Bun.SQL has one SQLite connection, on which the statements of other requests would join it.
   * An invite claimed for a credential that exists already is given back.
   */
  async enroll(
    codeHash: string,
    credential: Credential,
    now: number,
  ): Promise<"enrolled" | "invite_unusable" | "credential_known"> {
    const claimed = await this.sql`
      UPDATE invites SET used_at = ${now}
      WHERE code_hash = ${codeHash} AND user_id = ${credential.userId} AND used_at IS NULL AND expires_at > ${now}
      RETURNING code_hash`;
    if (claimed.length === 0) return "invite_unusable";
    const added = await this.sql`
      INSERT INTO credentials (id, user_id, public_key, counter, aaguid, transports, backup_eligible, backed_up, name, created_at)
      VALUES (${credential.id}, ${credential.userId}, ${encodeBase64url(credential.publicKey)},
        ${credential.counter}, ${credential.aaguid}, ${JSON.stringify(credential.transports)},
        ${Number(credential.backupEligible)}, ${Number(credential.backedUp)}, ${credential.name}, ${credential.createdAt})
      ON CONFLICT (id) DO NOTHING RETURNING id`;
    if (added.length === 1) return "enrolled";
    await this.sql`UPDATE invites SET used_at = NULL WHERE code_hash = ${codeHash}`;
    return "credential_known";
  }

  async credentialsOf(userId: string): Promise<Credential[]> {
    const rows = await this.sql`SELECT * FROM credentials WHERE user_id = ${userId} ORDER BY created_at, id`;
    return rows.map(toCredential);
  }

  async findCredential(id: string): Promise<{ credential: Credential; user: User } | undefined> {
    const [row] = await this.sql`
      SELECT credentials.*, users.email FROM credentials JOIN users ON users.id = credentials.user_id
      WHERE credentials.id = ${id}`;
    return row && { credential: toCredential(row), user: { id: row.user_id, email: row.email } };
  }

  /**
   * Records an accepted assertion. False when the counter did not rise since (WebAuthn Level 3, 7.2 step 22): of two
   * assertions with the same counter, one is recorded. Keys without a counter always send 0.
   */
  async recordAssertion(id: string, counter: number, backedUp: boolean, now: number): Promise<boolean> {
    const rows = await this.sql`
      UPDATE credentials SET counter = ${counter}, backed_up = ${Number(backedUp)}, last_used_at = ${now}
      WHERE id = ${id} AND (counter < ${counter} OR (counter = 0 AND ${counter} = 0)) RETURNING id`;
    return rows.length === 1;
  }

  /** Removes the user's credentials and open invites; returns how many credentials there were. */
  async removeCredentials(userId: string): Promise<number> {
    await this.sql`DELETE FROM invites WHERE user_id = ${userId} AND used_at IS NULL`;
    return (await this.sql`DELETE FROM credentials WHERE user_id = ${userId} RETURNING id`).length;
  }

  /** Every user in the order of their emails. */
  async users(now: number): Promise<UserSummary[]> {
    const users = await this.sql`
      SELECT id, email, created_at,
        (SELECT count(*) FROM sessions WHERE user_id = users.id AND revoked_at IS NULL AND expires_at > ${now}) AS sessions,
        (SELECT max(expires_at) FROM invites WHERE user_id = users.id AND used_at IS NULL AND expires_at > ${now}) AS invite
      FROM users ORDER BY email`;
    const credentials = (await this.sql`SELECT * FROM credentials ORDER BY created_at, id`).map(toCredential);
    return users.map((row: Record<string, string>) => ({
      id: row["id"],
      email: row["email"],
      createdAt: Number(row["created_at"]),
      credentials: credentials.filter((credential: Credential) => credential.userId === row["id"]),
      sessions: Number(row["sessions"]),
      inviteExpiresAt: optionalNumber(row["invite"]),
    }));
  }
}

function toCredential(row: Record<string, string>): Credential {
  return {
    id: String(row["id"]),
    userId: String(row["user_id"]),
    publicKey: decodeBase64url(String(row["public_key"])),
    counter: Number(row["counter"]),
    aaguid: String(row["aaguid"]),
    transports: JSON.parse(String(row["transports"])),
    backupEligible: Number(row["backup_eligible"]) === 1,
    backedUp: Number(row["backed_up"]) === 1,
    name: String(row["name"]),
    createdAt: Number(row["created_at"]),
    lastUsedAt: optionalNumber(row["last_used_at"]),
  };
}

function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
