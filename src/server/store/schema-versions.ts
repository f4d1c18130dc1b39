/**
 * The schema as numbered migrations, each applied once. The SQL is the common subset of SQLite and PostgreSQL: text,
 * integers, base64url as text; no type, function or pragma of only one. Times are seconds since 1970.
 */

interface Version {
  statements: readonly string[];
  /**
   * The oldest version that a program must know to use a database of this one. A version that only adds has that of the
   * version before it; one that takes away has the first whose programs do without.
   */
  needs: number;
}

/** The first version that has `needs` in the database. */
export const firstWithNeeds = 3;

/** The version that knows of several signing keys, and of protected ones. */
export const signingKeysVersion = 4;

/** Index 0 is version 1. Released versions never change; a change is a new version at the end. */
export const versions: readonly Version[] = [
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
  // People of a company's identity provider. role: null is a member. identities: who a person is there; an e-mail address
  // links nobody. identities.refresh_token: the provider's, encrypted (JSON as in signing_keys.protection); confirmed_at and
  // refused_at: when the provider last let the person in, and since when it does no more; asking_until: a server shows it
  // the refresh token, and until then no other does. user_groups.source and group_members.source: who says so (local, sso, scim), and alone takes it back.
  // credentials.attestation: format and certificates of the registration, so that a stricter policy can be tried on the
  // keys that there are; proof: by what the model is proved, null if it is a claim (both JSON).
  {
    needs: 1,
    statements: [
      `ALTER TABLE users ADD COLUMN role TEXT`,
      `CREATE INDEX users_role ON users (role) WHERE role IS NOT NULL`,
      `ALTER TABLE users ADD COLUMN display_name TEXT`,
      `ALTER TABLE users ADD COLUMN external_id TEXT`,
      `CREATE INDEX users_external_id ON users (external_id)`,
      `ALTER TABLE users ADD COLUMN given_name TEXT`,
      `ALTER TABLE users ADD COLUMN family_name TEXT`,
      // managed: SCIM sees and changes the person. open: SCIM may take them up by creating them. Null: neither.
      `ALTER TABLE users ADD COLUMN scim TEXT`,
      `CREATE INDEX users_scim ON users (scim, email)`,
      // scim: SCIM disabled the person, and may enable them again. Null: an administrator did.
      `ALTER TABLE users ADD COLUMN disabled_by TEXT`,
      `CREATE INDEX invites_open ON invites (expires_at, user_id) WHERE used_at IS NULL`,
      // When the first security key was enrolled; stays when all are removed.
      `ALTER TABLE users ADD COLUMN enrolled_at BIGINT`,
      `UPDATE users SET enrolled_at = created_at WHERE id IN
        (SELECT user_id FROM credentials UNION SELECT user_id FROM audit_entries WHERE event = 'enrol')`,
      `ALTER TABLE credentials ADD COLUMN attestation TEXT`,
      `ALTER TABLE credentials ADD COLUMN proof TEXT`,
      // 1: part of a phone or computer, or of a kind that the browser did not say, or approved by such a key.
      `ALTER TABLE credentials ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0`,
      `CREATE INDEX audit_entries_access ON audit_entries (recorded_at, event) WHERE event IN ('login', 'refuse')`,
      `CREATE TABLE identities (
      issuer TEXT NOT NULL,
      subject TEXT NOT NULL,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      created_at BIGINT NOT NULL,
      last_seen_at BIGINT,
      refresh_token TEXT,
      confirmed_at BIGINT,
      refused_at BIGINT,
      asking_until BIGINT,
      PRIMARY KEY (issuer, subject)
    )`,
      `CREATE INDEX identities_user_id ON identities (user_id)`,
      `CREATE TABLE user_groups (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      source TEXT NOT NULL,
      external_id TEXT,
      created_at BIGINT NOT NULL
    )`,
      `CREATE TABLE group_members (
      group_id TEXT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      source TEXT NOT NULL,
      PRIMARY KEY (group_id, user_id, source)
    )`,
      `CREATE INDEX group_members_user_id ON group_members (user_id)`,
      // A sign-on that is under way, bound to the browser that began it. purpose: what it is for (JSON).
      `CREATE TABLE sign_ons (
      state_hash TEXT PRIMARY KEY,
      browser_hash TEXT NOT NULL,
      nonce TEXT NOT NULL,
      verifier TEXT NOT NULL,
      purpose TEXT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
      `CREATE INDEX sign_ons_expires_at ON sign_ons (expires_at)`,
      // method: sso, or key with its credential_id. touched_at: the last touch of an enrolled key in it.
      `CREATE TABLE page_sessions (
      token_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      credential_id TEXT REFERENCES credentials (id) ON DELETE CASCADE,
      method TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      used_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
      `CREATE INDEX page_sessions_user_id ON page_sessions (user_id, created_at, token_hash)`,
      `CREATE INDEX page_sessions_created_at ON page_sessions (created_at)`,
      `CREATE INDEX page_sessions_credential_id ON page_sessions (credential_id)`,
      `CREATE INDEX page_sessions_expires_at ON page_sessions (expires_at)`,
      // What a person reads of themselves, the newest first.
      `CREATE INDEX audit_entries_user_id ON audit_entries (user_id, recorded_at, chain, number)`,
      // Codes of RFC 6749, 4.1 for the command line. request: what was asked for, with its challenge (JSON).
      `CREATE TABLE authorization_codes (
      code_hash TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      credential_id TEXT REFERENCES credentials (id) ON DELETE CASCADE,
      request TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
      `CREATE INDEX authorization_codes_user_id ON authorization_codes (user_id)`,
      `CREATE INDEX authorization_codes_credential_id ON authorization_codes (credential_id)`,
      `CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at)`,
      // Authorization requests of terminals (RFC 9126). request: what was asked for (JSON). address: where it came from.
      `CREATE TABLE pushed_requests (
      uri_hash TEXT PRIMARY KEY,
      request TEXT NOT NULL,
      address TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    )`,
      `CREATE INDEX pushed_requests_expires_at ON pushed_requests (expires_at)`,
      // How it was opened: null by a key at the command line, or "browser".
      `ALTER TABLE sessions ADD COLUMN opened_by TEXT`,
      `CREATE TABLE scim_tokens (
      token_hash TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL,
      last_used_at BIGINT
    )`,
      // What laptops of a group's members are told to use (JSON); of everybody without a group.
      `CREATE TABLE laptop_profiles (
      name TEXT PRIMARY KEY,
      group_id TEXT REFERENCES user_groups (id) ON DELETE CASCADE,
      body TEXT NOT NULL,
      updated_at BIGINT NOT NULL
    )`,
      `CREATE INDEX laptop_profiles_group_id ON laptop_profiles (group_id)`,
    ],
  },
];
