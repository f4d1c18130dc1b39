/** Entries of the audit log as sentences. */
import type { AuditEntry } from "../../audit/entry.ts";
import type { AuditEvent } from "../../audit/events.ts";

interface Words {
  what: string;
  more: string | undefined;
}

type Describe = (detail: (name: string) => string | undefined, entry: AuditEntry) => [string, (string | undefined)?];

const counted = (count: string | undefined) =>
  count === "1" ? "One session was ended" : `${count} sessions were ended`;

/** Whose word SCIM is. */
const bySaying = "as the company's identity provider says";

/** What is about no person, and so in nobody's activity. */
type ServerEvent =
  | "group_added"
  | "group_renamed"
  | "group_removed"
  | "scim_token_added"
  | "scim_token_removed"
  | "profile_set"
  | "profile_removed"
  | "initialize"
  | "signing_key_made"
  | "signing_key_retired"
  | "signing_key_encrypted"
  | "backup"
  | "restore"
  | "migrate"
  | "checkpoint";

const events: Readonly<Record<Exclude<AuditEvent, ServerEvent>, Describe>> = {
  enrol: (detail) => ["A security key was enrolled with a code", detail("name")],
  login: (detail) => [detail("by") === "browser" ? "Logged in by a browser" : "Logged in", detail("client")],
  login_code: (detail) => ["A browser got the code of a login", detail("client")],
  token: (detail) => ["Got a token for AWS", detail("audience")],
  publish: () => ["A touch allowed publishing"],
  refuse: (detail, { reason }) => [
    detail("refusals") === undefined ? "Something was refused" : `${detail("refusals")} more requests were refused`,
    reason ?? undefined,
  ],
  revoke: (detail, { reason }) => [counted(detail("sessions")), reason ?? undefined],
  page_sign_in: (detail) => ["Signed in to these pages", detail("method") === "sso" ? "by single sign-on" : undefined],
  page_sign_out: () => ["Signed out of these pages"],
  key_added: (detail) => ["A security key was added", detail("name")],
  key_renamed: (detail) => ["A security key was renamed", `${detail("from")} → ${detail("name")}`],
  key_removed: (detail) => ["A security key was removed", detail("name")],
  invite: () => ["An enrolment code was made for you"],
  sign_on: () => ["You signed on at your company's identity provider"],
  identity_added: (detail) => ["An account at the identity provider became yours", detail("issuer")],
  identity_removed: (detail) => ["An account at the identity provider was taken from you", detail("issuer")],
  identity_refused: (_detail, { reason }) => [
    "Your company's identity provider lets you in no more: your sessions were ended",
    reason ?? undefined,
  ],
  role_changed: (detail) => ["Your role was changed", `${detail("from")} → ${detail("role")}`],
  group_joined: () => ["You were added to groups"],
  group_left: () => ["You were taken out of groups"],
  person_provisioned: () => ["Your account was made here by SCIM", bySaying],
  person_changed: () => ["Your address or name was changed by SCIM", bySaying],
  person_deprovisioned: () => ["Your account was deleted by SCIM", bySaying],
  scim_linked: () => ["SCIM may keep your account from now on", bySaying],
  scim_unlinked: () => ["SCIM keeps your account no longer", "How you sign on has not changed."],
  disable: () => ["You were locked out"],
  enable: () => ["You were let in again"],
};

/** Returns what happened, and what is to be said about it; an event without words has its name. */
export function wordsOf(entry: AuditEntry): Words {
  const detail = (name: string) => {
    const value = Object.hasOwn(entry.detail, name) ? entry.detail[name] : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const describe = Object.hasOwn(events, entry.event) ? events[entry.event as keyof typeof events] : undefined;
  const [what, more] = describe?.(detail, entry) ?? [entry.event, entry.reason ?? undefined];
  return { what, more };
}
