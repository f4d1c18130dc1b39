/** The configuration of `vouch server aws --format terraform`, applied by the real Terraform to the sandbox's IAM. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";
import { type Administrator, startAdministrator } from "./administrator.ts";
import { decidesAsDocumented } from "./decisions.ts";
import { audiencesOf, id, issuerUrl, oddAudiences, printed, vouchServerAws } from "./printed.ts";

/** A mirror of providers, where `.ci/run` has found one; else `terraform init` asks the public registry. */
const mirror = process.env["VOUCH_TEST_TERRAFORM_MIRROR"] || undefined;

const folder = tempFolderUntil(afterAll);
// The provider is a program of several hundred megabytes, which starts anew for each command.
const timeout = 600_000;

const initialize = ["init", ...(mirror === undefined ? [] : [`-plugin-dir=${mirror}`])];
const environment = {
  PATH: process.env["PATH"],
  HOME: folder,
  TF_IN_AUTOMATION: "1",
  TF_INPUT: "0",
  CHECKPOINT_DISABLE: "1",
  NO_COLOR: "1",
};

async function terraform(words: string[], where: string, env: Record<string, string> = {}) {
  const child = Bun.spawn(["terraform", `-chdir=${where}`, ...words], {
    env: { ...environment, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Whether Terraform finds its AWS provider, whose registry is out of reach of many machines. A mirror must have it. */
function requiresTerraform(): boolean {
  if (!requires("terraform")) return false;
  const where = join(folder, "provider");
  mkdirSync(where);
  writeFileSync(join(where, "vouch.tf"), "terraform {\n  required_providers {\n    aws = {}\n  }\n}\n");
  const { success, stderr } = Bun.spawnSync(["terraform", `-chdir=${where}`, ...initialize], { env: environment });
  if (success) return true;
  if (mirror !== undefined) throw new Error(`terraform init with ${mirror}: ${stderr.toString()}`);
  console.warn("SKIPPED: needs the AWS provider of Terraform, from its registry or a mirror on this machine");
  return false;
}
const installed = requiresTerraform();

/** A folder with that configuration, and its provider. */
async function ready(name: string, configuration: string): Promise<string> {
  const where = join(folder, name);
  mkdirSync(where);
  writeFileSync(join(where, "vouch.tf"), configuration);
  const started = await terraform(initialize, where);
  expect(started).toMatchObject({ code: 0, stderr: "" });
  return where;
}

describe.skipIf(!installed)("terraform fmt and validate find nothing in a configuration", () => {
  test.each<[string, string[]]>([
    ["with the defaults", []],
    [
      "with repositories, accounts and regions",
      [
        "--account",
        `${id},210987654321`,
        "--region",
        "us-east-1,eu-west-1",
        "--repository",
        "my-domain/*,other/my-repo",
      ],
    ],
    ["with roles of groups", ["--group", "Team A:x/y.z@w-1_2=team-developer:team-publisher,platform=developer"]],
    ["with one account and no role to publish", ["--account", id, "--publish-role", "none"]],
    ["with texts that Terraform would read", ["--audience", oddAudiences.join(",")]],
  ])(
    "%s",
    async (title, args) => {
      const { stdout } = await vouchServerAws("--format", "terraform", "--url", issuerUrl, ...args);
      const where = await ready(title, stdout);
      expect(await terraform(["fmt", "-check", "-diff"], where)).toEqual({ code: 0, stdout: "", stderr: "" });
      const { stdout: said } = await terraform(["validate", "-json"], where);
      expect(JSON.parse(said)).toMatchObject({ valid: true, error_count: 0, warning_count: 0 });
    },
    timeout,
  );
});

describe.skipIf(!installed)("what terraform apply makes", () => {
  let administrator: Administrator;
  let applied: Awaited<ReturnType<typeof terraform>>;
  let where: string;
  beforeAll(async () => {
    administrator = await startAdministrator();
    where = await ready("applied", await printed("terraform"));
    applied = await terraform(["apply", "-auto-approve"], where, administrator.env);
  }, timeout);
  afterAll(() => administrator.stop());

  test(
    "is the provider and the roles, whose ARNs it says",
    async () => {
      expect(applied).toMatchObject({ code: 0, stderr: "" });
      const outputs = JSON.parse((await terraform(["output", "-json"], where)).stdout);
      expect(outputs).toMatchObject({
        read_role_arn: { value: `arn:aws:iam::${id}:role/vouch-developer` },
        publish_role_arn: { value: `arn:aws:iam::${id}:role/vouch-publisher` },
        read_teama_role_arn: { value: `arn:aws:iam::${id}:role/team-developer` },
        publish_teama_role_arn: { value: `arn:aws:iam::${id}:role/team-publisher` },
        read_platform_role_arn: { value: `arn:aws:iam::${id}:role/platform-developer` },
      });
    },
    timeout,
  );

  decidesAsDocumented(() => administrator.account);

  test(
    "is what the configuration says: a second plan changes nothing",
    async () => {
      const { code } = await terraform(["plan", "-detailed-exitcode"], where, administrator.env);
      expect(code).toBe(0);
    },
    timeout,
  );
});

describe.skipIf(!installed)("terraform apply", () => {
  let administrator: Administrator;
  afterEach(() => administrator.stop());

  test(
    "refuses an account that the configuration is not for, and makes nothing there",
    async () => {
      administrator = await startAdministrator("aws", "999999999999");
      const where = await ready("another-account", await printed("terraform"));
      const { code, stderr } = await terraform(["apply", "-auto-approve"], where, administrator.env);
      expect(code).toBe(1);
      expect(stderr.replaceAll(/[\s│]+/g, " ")).toContain(
        "Expected credentials of one of the accounts 123456789012, 210987654321.",
      );
      expect([administrator.account.oidcProviders.length, administrator.account.roles.length]).toEqual([0, 1]);
    },
    timeout,
  );

  test(
    "fills in partition and account, and hands on texts that Terraform would read as they are",
    async () => {
      administrator = await startAdministrator("aws-us-gov", "210987654321");
      const { account } = administrator;
      const scope = ["--region", "us-gov-west-1", "--repository", "my-domain/*", "--audience", oddAudiences.join(",")];
      const { stdout } = await vouchServerAws("--format", "terraform", "--url", issuerUrl, ...scope);
      const where = await ready("govcloud", stdout);
      expect(await terraform(["apply", "-auto-approve"], where, administrator.env)).toMatchObject({ code: 0 });
      expect(new Set(account.oidcProviders[0]!.clientIds)).toEqual(new Set(oddAudiences));
      expect(audiencesOf(account)).toEqual(oddAudiences);
      const [, ...made] = account.roles;
      const publisher = made.find(({ name }) => name === "vouch-publisher")!;
      expect(JSON.stringify(publisher.trustPolicy)).toContain(
        '"arn:aws-us-gov:iam::210987654321:oidc-provider/vouch.example.com"',
      );
      const packages = "arn:aws-us-gov:codeartifact:us-gov-west-1:210987654321:package/my-domain";
      const publishes = (path: string) =>
        account.allowed(publisher, "codeartifact:PublishPackageVersion", packages + path);
      expect([publishes("/any-repo/npm//my-lib"), publishes("-2/any-repo/npm//my-lib")]).toEqual([true, false]);
    },
    timeout,
  );
});
