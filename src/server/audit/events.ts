/** What the audit log records. The names are documented (docs/audit.md has this table) and never change. */

export const auditEvents = {
  enrol: "a code was used to enrol a person's security key",
  login: "a security key opened a session",
  token: "a session was given an ID token",
  publish: "a touch of a security key gave an ID token for publishing",
  refuse: "something was refused to a session, a security key or a code that the server knows; `reason` says why",
  revoke: "sessions were ended",
  page_sign_in: "a person signed in to the pages",
  page_sign_out: "a person signed out of the pages",
  key_added: "a person added a security key to their own",
  key_renamed: "a person renamed one of their security keys",
  key_removed: "a security key was removed",
  invite: "a code was made for a person",
  disable: "a person was locked out",
  enable: "a person was let in again",
  role_changed: "a person was made a member, an auditor or an administrator",
  group_added: "a group was made",
  group_renamed: "a group was given another name",
  group_removed: "a group was removed, with all of its memberships",
  group_joined: "a person was added to groups; `source` says who says so",
  group_left: "a person was taken out of groups; `source` says who says so",
  initialize: "the database was made for a URL, or the audiences were changed",
  signing_key_made: "a signing key was made; `signsFrom` says when it begins to sign",
  signing_key_retired: "a signing key was taken out of the JWKS",
  signing_key_encrypted: "a signing key was encrypted, or its key-encryption key changed",
  backup: "the database was to be copied to a file",
  restore: "the database came from a backup: every session was ended, every open code withdrawn",
  migrate: "the database was copied into this one",
  checkpoint: "the server signed how far each chain had come",
} as const;

export type AuditEvent = keyof typeof auditEvents;
