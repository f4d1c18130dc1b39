/** What an AWS account gets, whatever format it is written in: an identity provider, roles and their policies. */
import { VouchError } from "../../../base/errors.ts";
import type { Purpose } from "../../../base/purpose.ts";
import type { SessionNaming } from "../../configuration/table-aws.ts";
import { permissionsPolicy, type PolicyDocument, trustPolicy } from "./aws-trust.ts";

export interface AccountPlan {
  /** The server's URL: the issuer. */
  url: string;
  audiences: readonly string[];
  /** The accounts that get it, 12 digits each; empty: the one that it is applied in. */
  accounts: readonly string[];
  /** The regions of the repositories; empty: every region. */
  regions: readonly string[];
  /** Empty: every repository. `*` as the name: every repository of the domain. */
  repositories: readonly { domain: string; name: string }[];
  /** The account that owns the domains; undefined: the role's own. */
  domainOwner: string | undefined;
  roles: readonly RolePlan[];
  /** What sessions are named by. */
  sessionName: SessionNaming;
  /** How long credentials of a role may last, in seconds. */
  maxSessionSeconds: number;
}

export interface RolePlan {
  name: string;
  purpose: Purpose;
  /** The group whose members get it; undefined: everybody does. */
  group: string | undefined;
  /** Tells the roles of this group from those of others in the names of resources: lower-case letters and digits. */
  label: string;
}

/** How a format writes the partition and the account that it is applied in. */
export interface Place {
  partition: string;
  account: string;
}

export interface PlannedRole extends RolePlan {
  description: string;
  trust: PolicyDocument;
  permissions: PolicyDocument;
}

/** The name of the policy that each role has its permissions in. */
export const policyName = "codeartifact";

/** Quotas of IAM in characters, white space not counted: a trust policy, and all inline policies of a role. */
const maxTrustCharacters = 2048;
const maxInlineCharacters = 10_240;
/** The longest partition and an account, so that the policies fit everywhere. */
const widest = { partition: "aws-us-gov", account: "0".repeat(12) };

/** Throws `usage` for more audiences or repositories than the policies of a role have room for. */
export function checkSize(plan: AccountPlan): void {
  for (const { trust, permissions } of plannedRoles(plan, widest)) {
    const { length: ofTrust } = JSON.stringify(trust);
    if (ofTrust > maxTrustCharacters) {
      const got = `A trust policy for these audiences would have ${ofTrust} characters`;
      throw new VouchError("usage", `${got}, and IAM takes ${maxTrustCharacters}.`, {
        hint: "Name fewer with --audience.",
      });
    }
    const { length } = JSON.stringify(permissions);
    if (length > maxInlineCharacters) {
      const got = `A policy for these repositories and regions would have ${length} characters`;
      throw new VouchError("usage", `${got}, and IAM takes ${maxInlineCharacters}.`, {
        hint: "Name fewer, or DOMAIN/* for every repository of a domain, or no region for every region.",
      });
    }
  }
}

/** Returns the roles with their policies, whose ARNs have what `place` says. */
export function plannedRoles(plan: AccountPlan, place: Place): PlannedRole[] {
  const { url, audiences, regions, repositories, domainOwner, sessionName } = plan;
  const scope = {
    partition: place.partition,
    owner: domainOwner ?? place.account,
    regions: regions.length === 0 ? ["*"] : regions,
    repositories,
  };
  return plan.roles.map(({ name, purpose, group, label }) => ({
    name,
    purpose,
    group,
    label,
    description: `${purpose === "read" ? "Reads packages" : "Publishes packages, for a touch of a security key"}${of(group)}; trusts ${url}`,
    trust: trustPolicy({ url, audiences, purpose, group, sessionName, ...place }),
    permissions: permissionsPolicy(purpose, repositories.length === 0 ? undefined : scope),
  }));
}

/** What a role's output is for. */
export function outputDescription({ purpose, group }: RolePlan): string {
  return `For vouch setup: the role to ${purpose} packages${of(group)}`;
}

function of(group: string | undefined): string {
  return group === undefined ? "" : ` (group ${group})`;
}

/** Whether a text of a policy is an ARN of the place, the only texts in which a format's own expressions stand. */
export function isArn(text: string, { partition }: Place): boolean {
  return text.startsWith(`arn:${partition}:`);
}
