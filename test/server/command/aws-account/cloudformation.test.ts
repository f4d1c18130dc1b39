/** The CloudFormation template of `vouch server aws`: valid for cfn-lint, and AWS decides by it as it should. */
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../../../sandbox/aws/account.ts";
import { requiresPath } from "../../../requires.ts";
import { tempFolder } from "../../../temp-folder.ts";
import { decidesAsDocumented } from "./decisions.ts";
import { audiencesOf, emptyAccount, issuerUrl, oddAudiences, printed, vouchServerAws } from "./printed.ts";
import { createStack } from "./stack.ts";

describe.each(["aws", "aws-us-gov", "aws-cn", "aws-eusc"])("a stack in the partition %s", (partition) => {
  let account: Account;
  let outputs: Record<string, unknown>;
  beforeAll(async () => {
    account = emptyAccount(partition);
    outputs = createStack(await printed("cloudformation"), account);
  });
  decidesAsDocumented(() => account);

  test("says the ARNs of the roles", () => {
    expect(outputs).toEqual({
      ReadRoleArn: `arn:${partition}:iam::123456789012:role/vouch-developer`,
      PublishRoleArn: `arn:${partition}:iam::123456789012:role/vouch-publisher`,
      TeamaReadRoleArn: `arn:${partition}:iam::123456789012:role/team-developer`,
      TeamaPublishRoleArn: `arn:${partition}:iam::123456789012:role/team-publisher`,
      PlatformReadRoleArn: `arn:${partition}:iam::123456789012:role/platform-developer`,
    });
  });
});

test("one template is good in each of several accounts, and its head says how to deploy it there", async () => {
  const text = await printed("cloudformation");
  expect(text).toContain("--accounts 123456789012 210987654321 --regions us-east-1");
  for (const accountId of ["123456789012", "210987654321"]) {
    const account = emptyAccount("aws", accountId);
    createStack(text, account);
    expect(JSON.stringify(account.roles[1])).toContain(`"arn:aws:iam::${accountId}:oidc-provider/vouch.example.com"`);
  }
});

test("texts that CloudFormation would read are kept as they are", async () => {
  const args = ["--format", "cloudformation", "--url", issuerUrl, "--audience", oddAudiences.join(",")];
  const account = emptyAccount();
  createStack((await vouchServerAws(...args)).stdout, account);
  expect(account.oidcProviders[0]!.clientIds).toEqual(oddAudiences);
  expect(audiencesOf(account)).toEqual(oddAudiences);
});

describe("cfn-lint", () => {
  const program = join(import.meta.dir, "../../../../.tools/cfn-lint/bin/cfn-lint");
  const installed = requiresPath(program, ".ci/tools cfn-lint");

  function lint(template: string) {
    using folder = tempFolder();
    const file = join(folder.path, "vouch.yaml");
    writeFileSync(file, template);
    // Information counts, too.
    const command = [program, "--include-checks", "I", "--non-zero-exit-code", "informational", "--", file];
    const { success, stdout, stderr } = Bun.spawnSync(command, {
      env: { PATH: process.env["PATH"], HOME: folder.path },
    });
    return { success, output: `${stdout.toString()}${stderr.toString()}` };
  }

  test.skipIf(!installed).each([
    ["with the defaults", []],
    [
      "with repositories, accounts and regions",
      [
        "--account",
        "123456789012,210987654321",
        "--region",
        "us-east-1,eu-west-1",
        "--repository",
        "my-domain/*,other-domain/my-repo",
      ],
    ],
    [
      "with several audiences and no role to publish",
      ["--audience", "sts.amazonaws.com,other", "--publish-role", "none"],
    ],
    ["with roles of groups", ["--group", "Team A:x/y.z@w-1_2=team-developer:team-publisher,platform=developer"]],
  ])(
    "finds nothing in a template %s",
    async (_, args) => {
      const { stdout } = await vouchServerAws("--format", "cloudformation", "--url", issuerUrl, ...args);
      expect(lint(stdout)).toEqual({ success: true, output: "" });
    },
    120_000,
  );

  test.skipIf(!installed)(
    "finds a fault that is put in",
    async () => {
      const template = await printed("cloudformation");
      expect(lint(template.replace("MaxSessionDuration: 28800", "MaxSessionDuration: 50000")).success).toBe(false);
    },
    120_000,
  );
});
