/** A role that CI platforms may assume, put into an account as IAM would take it from a person who pastes policies. */
import type { Account, Role } from "../aws/account.ts";
import { currentVersion, parsePolicy, type PolicyDocument } from "../iam/document.ts";
import type { CiPlatform } from "./platforms.ts";

/**
 * Adds the OIDC providers and the role `vouch-ci`. Throws what IAM refuses: a trust policy for anyone of a shared issuer
 * (no condition on the subject), for a provider that does not exist, or without a version.
 */
export function addCiRole(
  account: Account,
  platforms: Iterable<CiPlatform>,
  policies: { trust: PolicyDocument[]; permissions: PolicyDocument },
): Role {
  for (const { url, clientId } of platforms) account.oidcProviders.push({ url, clientIds: [clientId] });
  const providers = new Set(account.oidcProviders.map(({ url }) => url.replace("https://", "")));
  for (const document of policies.trust) parsePolicy(document, "trust");
  parsePolicy(policies.permissions, "permissions");
  const statements = policies.trust.flatMap(({ Statement }) => Statement);
  for (const { Principal, Action, Condition } of statements) {
    const federated = typeof Principal === "object" && "Federated" in Principal ? Principal.Federated : undefined;
    const name = String(federated ?? "").replace(`arn:aws:iam::${account.id}:oidc-provider/`, "");
    if (!providers.has(name) || Action !== "sts:AssumeRoleWithWebIdentity") {
      throw new Error(`MalformedPolicyDocument: Invalid principal or action in policy: ${name}`);
    }
    const keys = new Set(Object.values(Condition ?? {}).flatMap(Object.keys));
    for (const key of ["aud", "sub"]) {
      if (!keys.has(`${name}:${key}`)) throw new Error(`MalformedPolicyDocument: no condition on ${name}:${key}`);
    }
  }
  const role: Role = {
    name: "vouch-ci",
    maxSessionDuration: 3600,
    trustPolicy: { Version: currentVersion, Statement: statements },
    permissions: policies.permissions.Statement,
  };
  account.roles.push(role);
  return role;
}
