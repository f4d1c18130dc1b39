/**
 * The tables, as numbered versions that are applied once each. The SQL is what SQLite and PostgreSQL share: text,
 * integers and base64url in text; no type, function or pragma of one of them. Times are seconds since 1970.
 */
import type { SQL } from "bun";

/** Index 0 makes version 1. Released versions never change; a change is a new version at the end. */
const versions: readonly (readonly string[])[] = [
  [
    `CREATE TABLE configuration (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    )`,
    `CREATE TABLE signing_keys (
      kid TEXT PRIMARY KEY,
      private_jwk TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`,
    // disabled_at: since when the person may do nothing; null for one who may. revocation: revocations are numbered
    // through, whatever the clock says; this is the person's last one.
    `CREATE TABLE users (
      id TEXT PRIMARY KEY,
      email TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL,
      disabled_at BIGINT,
      revocation BIGINT NOT NULL DEFAULT 0
    )`,
    `CREATE INDEX users_revocation ON users (revocation)`,
    `CREATE TABLE invites (
      code_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      used_at BIGINT
    )`,
    // product: the product name that the key's USB descriptor gave; null for a key without one. A person tells keys
    // apart by their names.
    `CREATE TABLE credentials (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      public_key TEXT NOT NULL,
      counter BIGINT NOT NULL,
      aaguid TEXT NOT NULL,
      product TEXT,
      transports TEXT NOT NULL,
      backup_eligible INTEGER NOT NULL,
      backed_up INTEGER NOT NULL,
      name TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      last_used_at BIGINT
    )`,
    `CREATE INDEX credentials_user_id ON credentials (user_id)`,
    `CREATE UNIQUE INDEX credentials_user_id_name ON credentials (user_id, name)`,
    // user_id: whose session began the ceremony; null for an enrolment and a login. revocation: the last one of anybody
    // when it began. A login that began before its person's last revocation opens no session.
    `CREATE TABLE ceremonies (
      id TEXT PRIMARY KEY,
      type TEXT NOT NULL,
      challenge TEXT NOT NULL,
      code_hash TEXT,
      user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
      revocation BIGINT NOT NULL DEFAULT 0,
      expires_at BIGINT NOT NULL
    )`,
    // credential_id: the credential that opened the session; no session outlives it.
    `CREATE TABLE sessions (
      token_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
      jkt TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      revoked_at BIGINT
    )`,
    `CREATE INDEX sessions_user_id ON sessions (user_id)`,
    `CREATE INDEX sessions_credential_id ON sessions (credential_id)`,
    `CREATE TABLE dpop_proofs (
      id TEXT PRIMARY KEY,
      expires_at BIGINT NOT NULL
    )`,
  ],
];

/**
 * Brings the database to the newest version. Safe when two processes start at once: the row that names a version is
 * written first, so that one of them makes the change and the other finds it made.
 */
export async function migrate(sql: SQL, now: number): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`;
  for (const [index, statements] of versions.entries()) {
    await sql.begin(async (transaction) => {
      const added = await transaction`
        INSERT INTO schema_versions (version, applied_at) VALUES (${index + 1}, ${now})
        ON CONFLICT (version) DO NOTHING RETURNING version`;
      if (added.length === 0) return;
      for (const statement of statements) await transaction.unsafe(statement);
    });
  }
}

/** The version of the database, and the newest this program knows. */
export async function schemaVersion(sql: SQL): Promise<{ found: number; known: number }> {
  const [row] = await sql`SELECT max(version) AS version FROM schema_versions`;
  return { found: Number(row.version), known: versions.length };
}
