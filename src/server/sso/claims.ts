/** What the identity provider says of a person, and whether the server's settings let them in. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { normalizeEmail } from "../keys/email-address.ts";
import { groupName } from "../store/people/groups.ts";
import type { ProviderClaims } from "./provider.ts";
import type { SsoSettings } from "./settings.ts";

/** Groups of one person; further ones are ignored. */
const maxGroups = 200;

export interface Claims {
  /** `sub`, which the provider never gives to another. */
  subject: string;
  /** In its normal form; undefined without one, or where it is none. */
  email: string | undefined;
  isVerified: boolean;
  /** Organisations of the provider (`tid`, `hd`), in lower case. */
  tenants: string[];
  /** As the provider names them; undefined if it does not say. */
  groups: string[] | undefined;
  /** What SCIM calls the person; undefined without the setting, or where the ID token does not say. */
  externalId: string | undefined;
}

/** 255 characters at most (OpenID Connect Core 1.0, 2), of which the database takes all. */
const Subject = v.pipe(v.string(), v.regex(/^[^\p{Cc}\p{Cs}]{1,255}$/u));
const Text = v.pipe(v.string(), v.maxLength(320));
const Groups = v.pipe(
  v.union([v.string(), v.array(v.unknown())]),
  v.transform((value): unknown[] => (typeof value === "string" ? [value] : value)),
);
/** Booleans that some providers send as text or number. */
const isTrue = (value: unknown) => value === true || value === "true" || value === 1 || value === "1";

/** Reads the claims, which may be anything. Throws `login_denied` without a subject that can be kept. */
export function readClaims(
  { idToken, userInfo }: ProviderClaims,
  { groupsClaim, scimClaim }: Pick<SsoSettings, "groupsClaim" | "scimClaim">,
): Claims {
  const subject = v.safeParse(Subject, idToken["sub"]);
  if (!subject.success) throw refused("The identity provider's subject is none that can be kept.");
  // An address and whether it is verified come from one place.
  const isInfo = idToken["email"] === undefined || (!saysVerified(idToken) && idToken["email"] === userInfo["email"]);
  const { email: given, ...claims } = isInfo ? userInfo : idToken;
  const email = v.safeParse(Text, given);
  const tenants = [idToken["tid"], idToken["hd"]]
    .filter((each): each is string => v.is(Text, each))
    .map((each) => each.toLowerCase());
  const externalId = v.safeParse(Subject, scimClaim === undefined ? undefined : idToken[scimClaim]);
  return {
    subject: subject.output,
    email: email.success ? normalizeEmail(email.output) : undefined,
    // Entra says it in a claim of its own (xms_edov), and nothing without it.
    isVerified: isTrue(claims["email_verified"] ?? claims["xms_edov"]),
    tenants,
    groups: readGroups(groupsClaim in idToken ? idToken : userInfo, groupsClaim, idToken),
    externalId: externalId.success ? externalId.output : undefined,
  };
}

function saysVerified(claims: Record<string, unknown>): boolean {
  return "email_verified" in claims || "xms_edov" in claims;
}

/** Without the claim a person has no groups, unless the provider says that it has left them out. */
function readGroups(
  claims: Record<string, unknown>,
  claim: string,
  idToken: Record<string, unknown>,
): string[] | undefined {
  const value = claims[claim];
  if (value === undefined || value === null) {
    // Entra's overage: too many groups for a token.
    const elsewhere = idToken["_claim_names"];
    const isLeftOut = typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, claim);
    return isLeftOut || isTrue(idToken["hasgroups"]) ? undefined : [];
  }
  const parsed = v.safeParse(Groups, value);
  if (!parsed.success) return undefined;
  // Keycloak writes the path of a group.
  const texts = parsed.output.filter((each): each is string => typeof each === "string");
  const names = texts.map((each) => each.replace(/^\//, ""));
  return [...new Set(names)].filter((name) => name !== "" && name.length <= 255);
}

/** The groups that this server keeps: those whose name has the form of a group's. */
export function keptGroups(groups: readonly string[]): string[] {
  return groups.filter((group) => groupName.test(group)).slice(0, maxGroups);
}

/**
 * Checks that the settings let the person in; `isKnown` if their identity is a person's already, whose e-mail address
 * decides nothing but the domain. Returns the address, if it is one that is verified. Throws `login_denied`.
 */
export function admit(claims: Claims, settings: SsoSettings, isKnown: boolean): string | undefined {
  const { tenants, domains, groups } = settings;
  if (tenants.length > 0 && !claims.tenants.some((tenant) => tenants.includes(tenant))) {
    throw refused("The account is of another organisation than those that this server lets in.", "sso-tenants");
  }
  if (!isKnown || domains.length > 0) {
    if (claims.email === undefined) {
      throw refused("The identity provider gave no e-mail address, or one that is none.");
    }
    if (!claims.isVerified) {
      const message = `The identity provider does not say that the address ${printable(claims.email)} is verified.`;
      throw new VouchError("login_denied", message, {
        hint: "Have it verified there, or ask your administrator to link the account to you (`vouch server users link`).",
      });
    }
  }
  const domain = claims.email?.slice(claims.email.lastIndexOf("@") + 1);
  if (domains.length > 0 && (domain === undefined || !domains.includes(domain))) {
    throw refused(`The domain ${domain} is none of those that this server lets in.`, "sso-domains");
  }
  if (groups.length > 0) {
    if (claims.groups === undefined) {
      throw refused("The identity provider did not say which groups the account is in.", "sso-groups");
    }
    if (!claims.groups.some((group) => groups.includes(group))) {
      throw refused("The account is in none of the groups that this server lets in.", "sso-groups");
    }
  }
  return claims.isVerified ? claims.email : undefined;
}

function refused(message: string, setting?: string): VouchError {
  const which = setting === undefined ? "" : ` (the server's setting ${setting})`;
  return new VouchError("login_denied", message, { hint: `Ask your administrator${which}.` });
}
