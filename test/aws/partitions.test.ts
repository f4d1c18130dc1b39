import { describe, expect, test } from "bun:test";
import { checkSamePartition, parseRoleArn } from "../../src/aws/partitions.ts";
import { VouchError } from "../../src/errors.ts";

const role = (partition: string) => `arn:${partition}:iam::123456789012:role/x`;

describe("a role ARN", () => {
  test.each([
    ["arn:aws:iam::123456789012:role/vouch-developer", { partition: "aws", roleName: "vouch-developer" }],
    ["arn:aws-cn:iam::123456789012:role/a", { partition: "aws-cn", roleName: "a" }],
    ["arn:aws-us-gov:iam::123456789012:role/team/sub/x+=,.@-_", { partition: "aws-us-gov", roleName: "x+=,.@-_" }],
    ["arn:aws-iso-b:iam::123456789012:role/x", { partition: "aws-iso-b", roleName: "x" }],
  ])("%s", (arn, parts) => {
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
  ])("%p is refused", (arn) => {
    expect(() => parseRoleArn(arn)).toThrow(VouchError);
  });
});

describe("region and role", () => {
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
  ])("a role of %s goes with %s", (partition, region) => {
    expect(() => checkSamePartition(role(partition), region)).not.toThrow();
  });

  test.each([
    ["aws", "cn-north-1", "aws-cn"],
    ["aws-cn", "us-east-1", "aws"],
    ["aws", "us-gov-west-1", "aws-us-gov"],
    ["aws-us-gov", "us-west-1", "aws"],
    ["aws-iso", "us-isob-east-1", "aws-iso-b"],
    ["aws-new", "xx-new-1", "aws"],
  ])("a role of %s in %s, of %s, is refused", (partition, region, regionPartition) => {
    expect(() => checkSamePartition(role(partition), region)).toThrow(
      `The region ${region} is in the partition ${regionPartition}, but the role ${role(partition)} is in ${partition}.`,
    );
  });
});
