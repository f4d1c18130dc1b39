/**
 * The schema as numbered migrations, each applied once. The SQL is the common subset of SQLite and PostgreSQL: text,
 * integers, base64url as text; no type, function or pragma of only one. Times are seconds since 1970.
 */
import type { SQL } from "bun";
import { VouchError } from "../../base/errors.ts";

interface Version {
  statements: readonly string[];
  /**
   * The oldest version that a program must know to use a database of this one. A version that only adds has that of the
   * version before it; one that takes away has the first whose programs do without.
   */
  needs: number;
}

/** The first version that has `needs` in the database. */
const firstWithNeeds = 3;

/** The version that knows of several signing keys, and of protected ones. */
export const signingKeysVersion = 4;

/** Index 0 is version 1. Released versions never change; a change is a new version at the end. */
const versions: readonly Version[] = [
  {
    needs: 1,
    statements: [
      `CREATE TABLE configuration (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    )`,
      `CREATE TABLE signing_keys (
      kid TEXT PRIMARY KEY,
      private_jwk TEXT NOT NULL,
      created_at BIGINT NOT NULL
    )`,
      // disabled_at: start of the user's suspension; null if active. revocation: number of the user's last revocation,
      // from one sequence over all users, independent of the clock.
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
      // Without it, listing the users reads all invites for each user.
      `CREATE INDEX invites_user_id ON invites (user_id)`,
      // product: product name from the key's USB descriptor; null for a key without one. name: unique per user, so that
      // people can tell their keys apart.
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
      sequence BIGINT NOT NULL,
      last_used_at BIGINT
    )`,
      `CREATE INDEX credentials_sequence ON credentials (sequence)`,
      `CREATE INDEX credentials_user_id ON credentials (user_id)`,
      `CREATE UNIQUE INDEX credentials_user_id_name ON credentials (user_id, name)`,
      // user_id: user of the session that began the ceremony; null for enrolment and login. revocation: number of the
      // last revocation of any user at that time. A login that began before its user's last revocation opens no session.
      `CREATE TABLE ceremonies (
      id TEXT PRIMARY KEY,
      type TEXT NOT NULL,
      challenge TEXT NOT NULL,
      code_hash TEXT,
      user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
      revocation BIGINT NOT NULL DEFAULT 0,
      expires_at BIGINT NOT NULL
    )`,
      `CREATE INDEX ceremonies_user_id ON ceremonies (user_id)`,
      // credential_id: the credential that opened the session; deleting it deletes the session.
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
  },
  // client: the name that the client gave of its machine, a claim; null if it gave none.
  { needs: 1, statements: [`ALTER TABLE sessions ADD COLUMN client TEXT`] },
  { needs: 1, statements: [`ALTER TABLE schema_versions ADD COLUMN needs BIGINT NOT NULL DEFAULT 1`] },
  // published_at, signs_from: null in a key of an older program, which signs since created_at. protection: where the
  // private key is, if private_jwk has only the public one (JSON); null: private_jwk has it in clear text. Programs of
  // older versions know none of this: the first change of a key sets `needs` to this version.
  {
    needs: 1,
    statements: [
      `ALTER TABLE signing_keys ADD COLUMN published_at BIGINT`,
      `ALTER TABLE signing_keys ADD COLUMN signs_from BIGINT`,
      `ALTER TABLE signing_keys ADD COLUMN protection TEXT`,
    ],
  },
  // Nothing refers to the audit log's rows and they refer to nothing: they outlive what they are about. audit_chains says
  // up to where checkpoints have a chain and retention has removed it; a verification does not trust it.
  {
    needs: 1,
    statements: [
      `CREATE TABLE audit_entries (
      chain TEXT NOT NULL,
      number BIGINT NOT NULL,
      recorded_at BIGINT NOT NULL,
      event TEXT NOT NULL,
      user_id TEXT,
      email TEXT,
      credential_id TEXT,
      address TEXT,
      actor TEXT,
      reason TEXT,
      detail TEXT NOT NULL,
      previous TEXT,
      hash TEXT NOT NULL,
      signature TEXT,
      PRIMARY KEY (chain, number)
    )`,
      `CREATE INDEX audit_entries_recorded_at ON audit_entries (recorded_at, chain, number)`,
      `CREATE TABLE audit_chains (
      chain TEXT PRIMARY KEY,
      sealed_number BIGINT NOT NULL DEFAULT 0,
      removed_number BIGINT NOT NULL DEFAULT 0,
      removed_hash TEXT
    )`,
    ],
  },
  // An index for each search over all people: the deletion of what has expired (a proof's id begins with its time), the
  // count of live sessions (which reads the index alone), the end of sessions that began after a time, and a person's
  // sessions in their order, page by page. In the order in which a login takes the tables, and the strongest lock of each
  // first: PostgreSQL keeps them until the commit, and a lock that grows can meet another's (deadlock).
  {
    needs: 1,
    statements: [
      `CREATE INDEX ceremonies_expires_at ON ceremonies (expires_at)`,
      `DROP INDEX sessions_user_id`,
      `CREATE INDEX sessions_user_id_created_at ON sessions (user_id, created_at, token_hash)`,
      `CREATE INDEX sessions_expires_at ON sessions (expires_at, revoked_at)`,
      `CREATE INDEX sessions_created_at ON sessions (created_at) WHERE revoked_at IS NULL`,
      `CREATE INDEX invites_expires_at ON invites (expires_at)`,
    ],
  },
];

/** Runs `work` in a transaction, or in a part of one. */
type Begin = (work: (sql: SQL) => Promise<void>) => Promise<unknown>;

/**
 * Migrates the database to the newest version; `now` in seconds since 1970. Safe if several processes start at once:
 * each migration first inserts its version's row, so one process applies it and the others skip it. `dialect` adapts a
 * statement to the database.
 */
export async function migrate(begin: Begin, now: number, dialect = (statement: string) => statement): Promise<void> {
  await begin(async (sql) => {
    await sql`CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`;
  });
  for (const [index, { statements, needs }] of versions.entries()) {
    const version = index + 1;
    await begin(async (sql) => {
      const added = await sql`
        INSERT INTO schema_versions (version, applied_at) VALUES (${version}, ${now})
        ON CONFLICT (version) DO NOTHING RETURNING version`;
      if (added.length === 0) return;
      for (const statement of statements) await sql.unsafe(dialect(statement));
      if (version < firstWithNeeds) return;
      await sql`UPDATE schema_versions SET needs = ${needs} WHERE version = ${version}`;
    });
  }
}

/** Returns the tables that a database of `version` has, with their columns. */
export function columnsOf(version: number): Map<string, string[]> {
  const tables = new Map([["schema_versions", ["version", "applied_at"]]]);
  for (const statement of versions.slice(0, version).flatMap(({ statements }) => statements)) {
    const [, table, body] = /^CREATE TABLE (\w+) \((.+)\)$/s.exec(statement) ?? [];
    // A constraint begins with an upper-case word.
    if (table !== undefined)
      tables.set(
        table,
        [...body!.matchAll(/^ *([a-z_]+) /gm)].map(([, column]) => column!),
      );
    const [, changed, added] = /^ALTER TABLE (\w+) ADD COLUMN (\w+)/.exec(statement) ?? [];
    if (changed !== undefined) tables.get(changed)!.push(added!);
  }
  return tables;
}

/** Returns the version of a database that has been migrated, and the newest that this program knows. */
export async function schemaVersion(sql: SQL): Promise<{ found: number; known: number }> {
  const [row] = await sql`SELECT max(version) AS version FROM schema_versions`;
  return { found: Number(row.version), known: versions.length };
}

/**
 * Accepts a database of a newer version that this program can still use: replicas of two versions run side by side
 * during an upgrade. `name` is the database's, for the error. Throws `settings_invalid`.
 */
export async function checkVersion(sql: SQL, name: string): Promise<void> {
  const { found, known } = await schemaVersion(sql);
  if (found <= known) return;
  const [row] = await sql`SELECT max(needs) AS needs FROM schema_versions`;
  if (Number(row.needs) <= known) return;
  throw new VouchError(
    "settings_invalid",
    `${name} has version ${found}, which needs a Vouch that knows version ${Number(row.needs)}; this one knows ${known}.`,
    {
      hint: "A newer Vouch has written it. Run that version, or restore a backup from before the upgrade (`vouch server restore`).",
    },
  );
}
