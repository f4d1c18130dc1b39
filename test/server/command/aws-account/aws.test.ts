/** `vouch server aws`: what it takes, what it refuses, and that the formats say the same. */
import { describe, expect, test } from "bun:test";
import { permissionsPolicy, trustPolicy } from "../../../../src/server/command/aws-account/aws-trust.ts";
import { emptyAccount, id, issuerUrl, vouchServerAws } from "./printed.ts";
import { createStack } from "./stack.ts";

const given = ["--url", issuerUrl];

/** The roles of the template for these arguments, without the administrator's. */
async function rolesOf(...args: string[]) {
  const { stderr, stdout } = await vouchServerAws("--format", "cloudformation", ...given, ...args);
  expect(stderr).toBe("");
  const account = emptyAccount();
  createStack(stdout, account);
  return account.roles.slice(1);
}

test("the policies are those of `vouch server init`, for the purpose of each role", async () => {
  const trusted = { url: issuerUrl, audiences: ["sts.amazonaws.com"], account: id, partition: "aws" };
  const expected = (["read", "publish"] as const).map((purpose) => ({
    trustPolicy: trustPolicy({ ...trusted, purpose }),
    permissions: permissionsPolicy(purpose).Statement,
  }));
  expect(await rolesOf()).toMatchObject(JSON.parse(JSON.stringify(expected)));
});

describe("the roles", () => {
  test("have the names that are given", async () => {
    const names = (await rolesOf("--read-role", "reader", "--publish-role", "publisher")).map(({ name }) => name);
    expect(names).toEqual(["reader", "publisher"]);
  });

  test("are one with --publish-role none, which does not publish", async () => {
    const roles = await rolesOf("--publish-role", "none");
    expect(roles.map(({ name }) => name)).toEqual(["vouch-developer"]);
    expect(JSON.stringify(roles)).not.toContain("Publish");
  });

  test("of groups stand alone, unless one for everybody is named", async () => {
    const group = ["--group", "platform=p-read:p-publish, data=d-read"];
    const names = async (...args: string[]) => (await rolesOf(...args)).map(({ name }) => name);
    expect(await names(...group)).toEqual(["p-read", "p-publish", "d-read"]);
    expect(await names(...group, "--read-role", "everybody")).toEqual(["everybody", "p-read", "p-publish", "d-read"]);
  });

  test("of groups whose names have the same letters are all there", async () => {
    const names = (await rolesOf("--group", "a-b=one,ab=two,A.B2=three,ab2=four")).map(({ name }) => name);
    expect(names).toEqual(["one", "two", "three", "four"]);
  });

  test.each([
    ["8h", 28_800],
    ["90m", 5400],
    // The least that IAM takes.
    ["30m", 3600],
  ])("of sessions of %s last %i seconds at most", async (duration, seconds) => {
    const roles = await rolesOf("--session-duration", duration);
    expect(roles.map(({ maxSessionDuration }) => maxSessionDuration)).toEqual([seconds, seconds]);
  });

  test("reach the domains of another account with --domain-owner", async () => {
    const [reader] = await rolesOf("--repository", "their-domain/*", "--domain-owner", "210987654321");
    expect(reader!.permissions[1]!.Resource).toEqual(["arn:aws:codeartifact:*:210987654321:domain/their-domain"]);
  });

  test("reach every region where none is given, and each that is given", async () => {
    const domains = async (...args: string[]) =>
      (await rolesOf("--repository", "a-domain/x1", ...args))[0]!.permissions[1]!.Resource;
    expect(await domains()).toEqual([`arn:aws:codeartifact:*:${id}:domain/a-domain`]);
    expect(await domains("--region", "eu-west-1, us-east-1")).toEqual(
      ["eu-west-1", "us-east-1"].map((region) => `arn:aws:codeartifact:${region}:${id}:domain/a-domain`),
    );
  });
});

describe("it refuses", () => {
  const cloudformation = ["--format", "cloudformation"];
  test.each<[string, string[], string]>([
    ["no format", given, "Expected --format cloudformation, terraform or cli."],
    [
      "another format",
      [...given, "--format", "toString"],
      'Expected --format cloudformation, terraform or cli, got "toString".',
    ],
    ["no URL", cloudformation, "--url is missing."],
    [
      "a URL that AWS does not take as an issuer",
      [...cloudformation, "--url", "https://vouch.example.com:8443"],
      "AWS accepts an issuer only at https without a port, got https://vouch.example.com:8443.",
    ],
    [
      "the URL of a trial, with a next step",
      [...cloudformation, "--url", "http://localhost:8787"],
      "`vouch server aws --url https://YOUR-HOST …`. A trial without TLS has none.",
    ],
    [
      "an account that is none",
      [...cloudformation, ...given, "--account", `${id},12345`],
      `Expected --account ID,…, got "${id},12345".`,
    ],
    [
      "an empty list",
      [...cloudformation, ...given, "--account", ","],
      'Expected --account with no empty entry, got ",".',
    ],
    [
      "a region that is none",
      [...cloudformation, ...given, "--region", "us-east-1,$(id)"],
      'Expected --region with an AWS region such as us-gov-west-1, got "$(id)".',
    ],
    [
      "regions of two partitions",
      [...cloudformation, ...given, "--region", "us-east-1,cn-north-1"],
      "The regions of --region are in several partitions of AWS: aws, aws-cn.",
    ],
    [
      "a repository without its domain",
      [...cloudformation, ...given, "--repository", "my-repo"],
      'Expected --repository DOMAIN/NAME,…, got "my-repo".',
    ],
    [
      "a repository with a pattern in its name",
      [...cloudformation, ...given, "--repository", "my-domain/my-*"],
      'Expected --repository DOMAIN/NAME,…, got "my-domain/my-*".',
    ],
    [
      "a domain that is a pattern",
      [...cloudformation, ...given, "--repository", "*/*"],
      'Expected --repository DOMAIN/NAME,…, got "*/*".',
    ],
    [
      "an owner that is no account",
      [...cloudformation, ...given, "--repository", "a-domain/*", "--domain-owner", "x"],
      'Expected --domain-owner ID, got "x".',
    ],
    [
      "an owner of no domain",
      [...cloudformation, ...given, "--domain-owner", id],
      "--domain-owner wants --repository with the repositories of its domains.",
    ],
    [
      "a name that no role has",
      [...cloudformation, ...given, "--read-role", "a role"],
      'Expected --read-role NAME, got "a role".',
    ],
    [
      "one role for both",
      [...cloudformation, ...given, "--read-role", "dev", "--publish-role", "Dev"],
      "--read-role and --publish-role are both dev.",
    ],
    [
      "no role at all",
      [...cloudformation, ...given, "--read-role", "none", "--publish-role", "none"],
      "There is no role: --read-role and --publish-role are both none.",
    ],
    ...["platform", "=a", "platform=", "plätform=a", "platform=a b", "platform=a:", "platform=a:b:c"].map(
      (group): [string, string[], string] => [
        `the group ${group}`,
        [...cloudformation, ...given, "--group", group],
        `Expected --group GROUP=NAME[:NAME],…, got "${group}".`,
      ],
    ),
    [
      "one role for two groups",
      [...cloudformation, ...given, "--group", "a=role,b=Role"],
      "The role Role is named twice.",
    ],
    [
      "an entry of --region that is empty",
      [...cloudformation, ...given, "--region", "us-east-1,"],
      'Expected --region with no empty entry, got "us-east-1,".',
    ],
    [
      "an entry of --audience that is empty",
      [...cloudformation, ...given, "--audience", "a,,b"],
      'Expected --audience with no empty entry, got "a,,b".',
    ],
    [
      "an audience with a space",
      [...cloudformation, ...given, "--audience", "a b"],
      'Expected --audience ID,…, got "a b".',
    ],
    [
      "more repositories than a policy has room for",
      [
        ...cloudformation,
        ...given,
        "--repository",
        Array.from({ length: 200 }, (_, n) => `my-domain/repository-${n}`).join(),
      ],
      "A policy for these repositories and regions would have ",
    ],
    [
      "more audiences than a trust policy has room for",
      [...cloudformation, ...given, "--audience", Array.from({ length: 40 }, (_, n) => `audience-number-${n}`).join()],
      "A trust policy for these audiences would have ",
    ],
  ])("%s", async (_, args, words) => {
    const { code, stdout, stderr } = await vouchServerAws(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
  });
});
