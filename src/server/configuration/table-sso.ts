/** The settings of single sign-on. */
import { VouchError } from "../../base/errors.ts";
import { isLoopback } from "../../base/net/loopback.ts";
import { printable } from "../../base/words/printable.ts";
import { absolutePath, optional, required } from "./setting.ts";

const maxEntries = 100;
const maxName = 64;

export const ssoTable = {
  "sso-issuer": optional({
    variable: "VOUCH_SERVER_SSO_ISSUER",
    type: "string",
    valueHint: "URL",
    about:
      "The issuer of the company's identity provider (OpenID Connect): its people get their enrolment codes from this server's page. Without it only `vouch server invite` makes codes.",
    example: "https://login.example.com/realms/staff",
    parse: parseIssuer,
  }),
  "sso-client-id": optional({
    variable: "VOUCH_SERVER_SSO_CLIENT_ID",
    type: "string",
    valueHint: "ID",
    about: "What the identity provider calls this server; its redirect URI there is /sso/callback.",
    example: "vouch",
    parse: matching("sso-client-id", /^[\x20-\x7E]{1,255}$/, "1 to 255 printable ASCII characters"),
  }),
  "sso-client-secret-file": optional({
    variable: "VOUCH_SERVER_SSO_CLIENT_SECRET_FILE",
    type: "string",
    valueHint: "FILE",
    about:
      "A file with the client's secret, and nothing else but a line end. Without it the client is a public one, by PKCE alone.",
    example: "/run/credentials/vouch-server.service/sso-client-secret",
    parse: (text) => text,
    checkInFile: absolutePath,
  }),
  "sso-name": optional({
    variable: "VOUCH_SERVER_SSO_NAME",
    type: "string",
    valueHint: "NAME",
    about: "What people call the identity provider; without it pages and `vouch enroll` name its host.",
    example: "Example login",
    parse: parseName,
  }),
  "sso-domains": optional({
    variable: "VOUCH_SERVER_SSO_DOMAINS",
    type: "string",
    valueHint: "DOMAIN,…",
    about: "Let in only people whose e-mail address is of one of these domains.",
    example: "example.com",
    parse: listOf("sso-domains", /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i, "domains", (domain) =>
      domain.toLowerCase(),
    ),
  }),
  "sso-tenants": optional({
    variable: "VOUCH_SERVER_SSO_TENANTS",
    type: "string",
    valueHint: "TENANT,…",
    about:
      "Let in only people of one of these organisations of the provider: the claim tid (Entra) or hd (Google) says which. Google's issuer, which is everybody's, needs it.",
    example: "example.com",
    parse: listOf("sso-tenants", /^[\w.-]{1,255}$/, "tenants", (tenant) => tenant.toLowerCase()),
  }),
  "sso-groups": optional({
    variable: "VOUCH_SERVER_SSO_GROUPS",
    type: "string",
    valueHint: "GROUP,…",
    about: "Let in only people of one of these groups of the provider.",
    example: "developers",
    parse: listOf("sso-groups", /^[^\p{Cc}]{1,255}$/u, "groups", (group) => group.replace(/^\//, "")),
  }),
  "sso-groups-claim": required({
    variable: "VOUCH_SERVER_SSO_GROUPS_CLAIM",
    type: "string",
    valueHint: "CLAIM",
    about: "The claim of the provider's ID token that lists a person's groups.",
    default: "groups",
    parse: matching("sso-groups-claim", /^[\x21-\x7E]{1,255}$/, "a claim's name"),
  }),
  "sso-scim-claim": optional({
    variable: "VOUCH_SERVER_SSO_SCIM_CLAIM",
    type: "string",
    valueHint: "CLAIM",
    about:
      "The claim of the provider's ID token that is a person's externalId in SCIM: whom SCIM made signs on by it. Without it an administrator links each.",
    example: "oid",
    parse: matching("sso-scim-claim", /^[\x21-\x7E]{1,255}$/, "a claim's name"),
  }),
};

function parseIssuer(text: string): string {
  const issuer = canonicalIssuer(text);
  if (issuer !== undefined) return issuer;
  throw new VouchError("usage", `Expected --sso-issuer with an https URL without a query, got "${text}".`, {
    hint: "It is the `issuer` of the provider's /.well-known/openid-configuration.",
  });
}

/** An issuer as identities have it: the URL in its normal form, without the slash of an empty path; undefined for what is none. */
export function canonicalIssuer(text: string): string | undefined {
  const url = URL.parse(text);
  const isSecure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (!url || !isSecure || url.username || url.password || url.search || url.hash) return undefined;
  return url.pathname === "/" ? url.origin : url.href;
}

function parseName(text: string): string {
  const name = printable(text);
  if (name !== "" && Array.from(name).length <= maxName) return name;
  throw new VouchError("usage", `Expected --sso-name with 1 to ${maxName} visible characters, got "${text}".`);
}

function matching(name: string, form: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (form.test(text)) return text;
    throw new VouchError("usage", `Expected --${name} with ${expected}, got "${text.slice(0, 300)}".`);
  };
}

function listOf(
  name: string,
  form: RegExp,
  expected: string,
  normal: (entry: string) => string,
): (text: string) => string[] {
  return (text) => {
    const entries = text.split(",").map((entry) => entry.trim());
    const found = [...new Set(entries.filter((entry) => entry !== "").map(normal))];
    if (found.length > 0 && found.length <= maxEntries && found.every((entry) => form.test(entry))) return found;
    throw new VouchError(
      "usage",
      `Expected --${name} with 1 to ${maxEntries} ${expected}, separated by commas, got "${text.slice(0, 300)}".`,
    );
  };
}
