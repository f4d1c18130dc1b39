/** What single sign-on goes by, from the server's settings. */
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { readSecret } from "../configuration/secret-file.ts";
import type { Settings } from "../configuration/table.ts";

export interface SsoSettings {
  /** In its canonical form. */
  issuer: string;
  clientId: string;
  /** Without it the client is a public one. */
  clientSecret: Secret | undefined;
  /** What people call the provider. */
  name: string;
  /** Who is let in; an empty list restricts nobody. */
  domains: readonly string[];
  tenants: readonly string[];
  groups: readonly string[];
  groupsClaim: string;
  /** Of the ID token, and what SCIM calls a person's `externalId`. Undefined: the two have nothing in common. */
  scimClaim: string | undefined;
  /** Whether the provider is asked at each login; `graceSeconds`: for how long it may be away. Undefined: it is not. */
  recheck: { graceSeconds: number } | undefined;
}

const names = [
  "sso-client-id",
  "sso-client-secret-file",
  "sso-name",
  "sso-domains",
  "sso-tenants",
  "sso-groups",
  "sso-groups-claim",
  "sso-scim-claim",
] as const;

type Given = Partial<
  Pick<
    Settings,
    (typeof names)[number] | "sso-issuer" | "sso-recheck" | "sso-recheck-grace" | "pages" | "key-encryption-key"
  >
>;

const defaultGraceSeconds = 24 * 3600;

/** An issuer whose people are those of every company. */
const everybodysIssuers = new Set(["https://accounts.google.com"]);

/** Undefined without an issuer. Throws `usage` for settings that do not go together, `file_error`. */
export function ssoSettings(settings: Given): SsoSettings | undefined {
  const issuer = settings["sso-issuer"];
  if (issuer === undefined) {
    const isAsked = settings["sso-recheck"] === "login";
    const alone = isAsked ? "sso-recheck" : names.find((name) => settings[name] !== undefined);
    if (alone === undefined) return undefined;
    throw new VouchError("usage", `Expected --sso-issuer with --${alone}, got none.`);
  }
  if (settings.pages === "off") {
    throw new VouchError("usage", "Expected --pages on with --sso-issuer, got off.", {
      hint: "Single sign-on is on the server's pages.",
    });
  }
  const clientId = settings["sso-client-id"];
  if (clientId === undefined) throw new VouchError("usage", "Expected --sso-client-id with --sso-issuer, got none.");
  const tenants = settings["sso-tenants"] ?? [];
  if (tenants.length === 0 && everybodysIssuers.has(issuer)) {
    throw new VouchError("usage", `Expected --sso-tenants with --sso-issuer ${issuer}, got none.`, {
      hint: "Everybody has an account there: name your organisation's domain, which the claim hd must have.",
    });
  }
  const isRechecked = settings["sso-recheck"] === "login";
  if (isRechecked && settings["key-encryption-key"] === undefined) {
    throw new VouchError("usage", "Expected --key-encryption-key with --sso-recheck login, got none.", {
      hint: 'The refresh tokens of the identity provider are kept encrypted: `(umask 077; openssl rand -base64 32 > /etc/vouch/kek)` makes a key, and key-encryption-key = "file:/etc/vouch/kek" names it.',
    });
  }
  const secretFile = settings["sso-client-secret-file"];
  return {
    issuer,
    clientId,
    clientSecret: secretFile === undefined ? undefined : readSecret(secretFile, "sso-client-secret-file"),
    name: settings["sso-name"] ?? new URL(issuer).host,
    domains: settings["sso-domains"] ?? [],
    tenants,
    groups: settings["sso-groups"] ?? [],
    groupsClaim: settings["sso-groups-claim"] ?? "groups",
    scimClaim: settings["sso-scim-claim"],
    recheck: isRechecked ? { graceSeconds: settings["sso-recheck-grace"] ?? defaultGraceSeconds } : undefined,
  };
}
