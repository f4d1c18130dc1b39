/**
 * Partitions of AWS regions and roles. The table is the SDK's own data; unknown regions are matched by prefix, as in
 * the SDKs.
 */
import { partition } from "@aws-sdk/util-endpoints";
import { VouchError } from "../base/errors.ts";
import { regionPattern, roleArnPattern } from "./names.ts";

export interface Partition {
  /** The partition's id as in ARNs: `aws`, `aws-cn`, `aws-us-gov`… */
  id: string;
  dnsSuffix: string;
  dualStackDnsSuffix: string;
  supportsFips: boolean;
  supportsDualStack: boolean;
}

export interface RoleArn {
  partition: string;
  /** 12 digits. */
  accountId: string;
  /** Without its path. */
  name: string;
}

/**
 * The partition of a region. Throws `usage` for malformed text, because it becomes part of a host name; the hint names
 * `command` if it was one that gave the region.
 */
export function regionPartition(region: string, command?: string): Partition {
  if (!regionPattern.test(region)) {
    throw new VouchError("usage", `Expected an AWS region such as us-east-1, got "${region}".`, {
      hint: `Give it with \`${command === undefined ? "" : `${command} `}--region REGION\`.`,
    });
  }
  const found = partition(region);
  return {
    id: found.name,
    dnsSuffix: found.dnsSuffix,
    dualStackDnsSuffix: found.dualStackDnsSuffix,
    supportsFips: found.supportsFIPS,
    supportsDualStack: found.supportsDualStack,
  };
}

/**
 * Whether the region was in AWS's table when this program was built; false for one that AWS has added since. The table
 * describes the regions that it lists, and no others.
 */
export function isListedRegion(region: string): boolean {
  return "description" in partition(region);
}

/** Parses `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME` (IAM identifiers). Throws `usage` for anything else. */
export function parseRoleArn(arn: string): RoleArn {
  const match = arn.length <= 2048 && roleArnPattern.exec(arn);
  if (!match) {
    throw new VouchError("usage", `Expected a role ARN such as arn:aws:iam::123456789012:role/NAME, got "${arn}".`, {
      hint: "Give the role with `vouch setup aws --role ARN`.",
    });
  }
  const [, partitionId = "", accountId = "", name = ""] = match;
  return { partition: partitionId, accountId, name };
}

/**
 * Whether both name one role, or one of them none: an account has a name once, whatever its path and its case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function isSameRole(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  if (one === other) return true;
  try {
    const [a, b] = [parseRoleArn(one), parseRoleArn(other)];
    return a.accountId === b.accountId && a.name.toLowerCase() === b.name.toLowerCase();
  } catch {
    return false;
  }
}

/**
 * Checks that role and region are in the same partition, since credentials never cross partitions. Throws `usage` for
 * different partitions, or if either is malformed; `command` as for `regionPartition`.
 */
export function checkSamePartition(roleArn: string, region: string, command?: string): void {
  const role = parseRoleArn(roleArn);
  const { id } = regionPartition(region, command);
  if (role.partition === id) return;
  throw new VouchError(
    "usage",
    `The region ${region} is in the partition ${id}, but the role ${roleArn} is in ${role.partition}.`,
    { hint: `Use a region of ${role.partition}, or a role of ${id}: \`vouch setup aws --role ARN --region REGION\`.` },
  );
}
