import { describe, expect, test } from "bun:test";
import { checkSamePartition, isSameRole, parseRoleArn, regionPartition } from "../../src/aws/partitions.ts";
import { VouchError } from "../../src/base/errors.ts";

const role = (partition: string) => `arn:${partition}:iam::123456789012:role/x`;

describe("a role ARN", () => {
  test.each([
    ["arn:aws:iam::123456789012:role/vouch-developer", { partition: "aws", name: "vouch-developer" }],
    ["arn:aws-cn:iam::123456789012:role/a", { partition: "aws-cn", name: "a" }],
    ["arn:aws-us-gov:iam::123456789012:role/team/sub/x+=,.@-_", { partition: "aws-us-gov", name: "x+=,.@-_" }],
    ["arn:aws-iso-b:iam::123456789012:role/x", { partition: "aws-iso-b", name: "x" }],
  ])("is read: %s", (arn, parts) => {
    expect(parseRoleArn(arn)).toEqual({ accountId: "123456789012", ...parts });
  });

  test.each([
    "",
    "vouch-developer",
    "arn:aws:iam::123456789012:user/dev",
    "arn:aws:sts::123456789012:assumed-role/x/y",
    "arn:aws:iam::12345678901:role/x",
    "arn:aws:iam:us-east-1:123456789012:role/x",
    "arn:aws:iam::123456789012:role/",
    "arn:aws:iam::123456789012:role/a b",
    "arn:aws:iam::123456789012:role/x\n",
    `arn:aws:iam::123456789012:role/${"x".repeat(65)}`,
    "arn:other:iam::123456789012:role/x",
  ])("is refused: %p", (arn) => {
    expect(() => parseRoleArn(arn)).toThrow(VouchError);
  });
});

test("two ARNs name one role by account and name, whatever its path and case are", () => {
  const arn = role("aws");
  for (const other of [arn, "arn:aws:iam::123456789012:role/X", "arn:aws:iam::123456789012:role/team/x"]) {
    expect(isSameRole(arn, other)).toBe(true);
  }
  for (const other of ["arn:aws:iam::210987654321:role/x", "arn:aws:iam::123456789012:role/x/y", "x", undefined]) {
    expect(isSameRole(arn, other)).toBe(false);
  }
  expect(isSameRole(undefined, undefined)).toBe(false);
});

/** A region of each partition, as the SDK's table has it, and its suffixes. */
const regions: [region: string, partition: string, dnsSuffix: string, dualStackDnsSuffix: string][] = [
  ["us-east-1", "aws", "amazonaws.com", "api.aws"],
  ["ap-southeast-5", "aws", "amazonaws.com", "api.aws"],
  ["il-central-1", "aws", "amazonaws.com", "api.aws"],
  ["mx-central-1", "aws", "amazonaws.com", "api.aws"],
  ["cn-north-1", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  ["us-gov-west-1", "aws-us-gov", "amazonaws.com", "api.aws"],
  ["us-iso-east-1", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"],
  ["us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"],
  ["eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  ["us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"],
  ["eusc-de-east-1", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"],
];

describe.each(regions)("the region %s", (region, partition, dnsSuffix, dualStackDnsSuffix) => {
  test(`is of ${partition}`, () => {
    expect(regionPartition(region)).toMatchObject({ id: partition, dnsSuffix, dualStackDnsSuffix });
  });

  // It becomes a part of host names and of signatures: what is not wholly a region is none.
  const nearMisses = [
    ` ${region}`,
    `${region} `,
    `${region}\n`,
    `\n${region}`,
    `x.${region}`,
    `${region}.evil.example`,
    `${region}/`,
    `${region}@evil.example`,
    `${region}:443`,
    `${region}-`,
    `-${region}`,
    `${region}a`,
    region.toUpperCase(),
    region.replace(/-\d+$/, ""),
    region.replace(/-\d+$/, "-"),
    region.replace("-", "--"),
    region.replace("-", "_"),
    region.replace("-", "."),
    region.replace(/\d+$/, "one"),
    region.replace(/^[a-z]+/, "u"),
    region.replace(/^[a-z]+/, ""),
    region.replace(/^[a-z]+/, "us1"),
    region.replace(/[a-z]+-(\d+)$/, "é-$1"),
    `${"x".repeat(64)}-${region}`,
  ];
  test.each(nearMisses)("has the near miss %p, which is no region", (text) => {
    expect(() => regionPartition(text)).toThrow(VouchError);
  });

  test.each([`arn:${partition}:iam::123456789012:role/x`, `arn:${partition}:iam::123456789012:role/path/x`])(
    "is reached by the role %s",
    (arn) => {
      expect(parseRoleArn(arn).partition).toBe(partition);
      expect(() => checkSamePartition(arn, region)).not.toThrow();
    },
  );

  test.each([
    `arn:${partition}-:iam::123456789012:role/x`,
    `arn:${partition}--x:iam::123456789012:role/x`,
    `arn:${partition}1:iam::123456789012:role/x`,
    `arn:x${partition}:iam::123456789012:role/x`,
    `arn:${partition.toUpperCase()}:iam::123456789012:role/x`,
    ` arn:${partition}:iam::123456789012:role/x`,
    `arn:${partition}:iam::123456789012:role/x\n`,
    `arn:${partition}:iam::1234567890123:role/x`,
    `arn:${partition}:iam::123456789012:roles/x`,
    `arn:${partition}:iam::123456789012:role//`,
    `arn:${partition}:sts::123456789012:role/x`,
    `arn:${partition}:iam:${region}:123456789012:role/x`,
  ])("is not reached by %p, which is no role", (arn) => {
    expect(() => parseRoleArn(arn)).toThrow(VouchError);
  });

  test.each(regions.filter(([, other]) => other !== partition).map(([, other]) => [other] as const))(
    "is not reached by a role of %s",
    (other) => {
      expect(() => checkSamePartition(role(other), region)).toThrow(
        `The region ${region} is in the partition ${partition}, but the role ${role(other)} is in ${other}.`,
      );
    },
  );
});

test("a region is limited to 63 characters, a role's ARN to 2048, its name to 64, its path to 512", () => {
  const region = (length: number) => `us-${"x".repeat(length - 5)}-1`;
  expect(regionPartition(region(63)).id).toBe("aws");
  expect(() => regionPartition(region(64))).toThrow(VouchError);
  const arn = (path: number, name: number) =>
    `arn:aws:iam::123456789012:role/${path === 0 ? "" : `${"p".repeat(path)}/`}${"n".repeat(name)}`;
  expect(parseRoleArn(arn(0, 64)).partition).toBe("aws");
  expect(() => parseRoleArn(arn(0, 65))).toThrow(VouchError);
  expect(parseRoleArn(arn(510, 1)).partition).toBe("aws");
  expect(() => parseRoleArn(arn(511, 1))).toThrow(VouchError);
});

describe("a role and a region", () => {
  test.each([
    ["aws", "us-east-1"],
    ["aws", "ap-nowhere-9"],
    ["aws-cn", "cn-northwest-1"],
    ["aws-us-gov", "us-gov-east-1"],
    ["aws-eusc", "eusc-de-east-1"],
    ["aws-iso", "us-iso-west-1"],
    ["aws-iso-b", "us-isob-east-1"],
    ["aws-iso-e", "eu-isoe-west-1"],
    ["aws-iso-f", "us-isof-east-1"],
  ])("go together: a role of %s and %s", (partition, region) => {
    expect(() => checkSamePartition(role(partition), region)).not.toThrow();
  });

  test.each([
    ["aws", "cn-north-1", "aws-cn"],
    ["aws-cn", "us-east-1", "aws"],
    ["aws", "us-gov-west-1", "aws-us-gov"],
    ["aws-us-gov", "us-west-1", "aws"],
    ["aws-iso", "us-isob-east-1", "aws-iso-b"],
    ["aws-new", "xx-new-1", "aws"],
  ])("of two partitions are refused: a role of %s in %s, of %s", (partition, region, other) => {
    expect(() => checkSamePartition(role(partition), region)).toThrow(
      `The region ${region} is in the partition ${other}, but the role ${role(partition)} is in ${partition}.`,
    );
  });
});
