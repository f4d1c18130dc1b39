/** The script of `vouch server aws --format cli`, run by the real AWS CLI against the sandbox's IAM. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsClis, requires, requiresAwsCli } from "../../../requires.ts";
import { tempFolder } from "../../../temp-folder.ts";
import { type Administrator, startAdministrator } from "./administrator.ts";
import { currentAwsCli, makesProviders } from "./aws-cli.ts";
import { decidesAsDocumented } from "./decisions.ts";
import { audiencesOf, id, issuerUrl, oddAudiences, printed, vouchServerAws } from "./printed.ts";

/** Runs the script with that AWS CLI as `aws`, in the shell of scripts. */
async function run(aws: string, script: string, { env }: Administrator) {
  using own = tempFolder();
  const bin = join(own.path, "bin");
  mkdirSync(bin);
  symlinkSync(aws, join(bin, "aws"));
  const file = join(own.path, "vouch.sh");
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  const child = Bun.spawn([file], {
    env: { ...env, PATH: `${bin}:${process.env["PATH"]}`, HOME: own.path },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, lines: stdout.split("\n").slice(0, -1), stderr };
}

const clis = requiresAwsCli() ? awsClis() : [];
const provider = `arn:aws:iam::${id}:oidc-provider/vouch.example.com`;
const roles = ["vouch-developer", "vouch-publisher", "team-developer", "team-publisher", "platform-developer"].map(
  (name) => `arn:aws:iam::${id}:role/${name}`,
);

// The AWS CLI takes a second or more to start, several when the machine is busy, and a script starts it ten times.
const timeout = 300_000;

describe.each(clis)("with %s", (aws) => {
  let administrator: Administrator;
  let first: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    administrator = await startAdministrator();
    if (!makesProviders(aws)) {
      administrator.account.oidcProviders.push({ url: issuerUrl, clientIds: ["older-client"] });
    }
    first = await run(aws, await printed("cli"), administrator);
  }, timeout);
  afterAll(() => administrator.stop());

  test("it makes what is missing, and says so", () => {
    const had = makesProviders(aws) ? "made" : "was there";
    expect(first).toEqual({
      code: 0,
      lines: [`${provider}: ${had}`, ...roles.map((role) => `${role}: made`)],
      stderr: "",
    });
    expect(administrator.account.oidcProviders).toMatchObject([{ url: issuerUrl }]);
    expect(administrator.account.oidcProviders[0]!.clientIds).toContain("sts.amazonaws.com");
  });

  decidesAsDocumented(() => administrator.account);
});

const current = currentAwsCli();

describe.skipIf(current === undefined)("a script", () => {
  let administrator: Administrator;
  const start = async (...where: Parameters<typeof startAdministrator>) => {
    administrator = await startAdministrator(...where);
    return administrator;
  };
  afterEach(() => administrator.stop());

  test(
    "that is run again changes nothing, and puts back what was changed",
    async () => {
      const { account } = await start();
      const script = await printed("cli");
      await run(current!, script, administrator);
      const made = structuredClone({ roles: account.roles, oidcProviders: account.oidcProviders });
      const again = await run(current!, script, administrator);
      expect(again).toEqual({
        code: 0,
        lines: [`${provider}: was there`, ...roles.map((role) => `${role}: was there, has these policies now`)],
        stderr: "",
      });
      expect({ roles: account.roles, oidcProviders: account.oidcProviders }).toEqual(made);
      account.oidcProviders[0]!.clientIds = ["older-client"];
      const [, reader, publisher] = account.roles;
      publisher!.trustPolicy = reader!.trustPolicy;
      publisher!.maxSessionDuration = 3600;
      reader!.permissions = publisher!.permissions;
      expect((await run(current!, script, administrator)).code).toBe(0);
      expect(account.roles).toEqual(made.roles);
      expect(account.oidcProviders[0]!.clientIds).toEqual(["older-client", "sts.amazonaws.com"]);
    },
    timeout,
  );

  test(
    "refuses an account that it was not printed for, and makes nothing there",
    async () => {
      const { account } = await start("aws", "999999999999");
      expect(await run(current!, await printed("cli"), administrator)).toEqual({
        code: 1,
        lines: [],
        stderr: "Expected credentials of 123456789012 or 210987654321, got those of 999999999999.\n",
      });
      expect([account.oidcProviders.length, account.roles.length]).toEqual([0, 1]);
    },
    timeout,
  );

  test(
    "ends where AWS refuses, with its words, and goes no further",
    async () => {
      const { account } = await start();
      account.deniedActions.add("iam:GetRole");
      const { code, lines, stderr } = await run(current!, await printed("cli"), administrator);
      expect({ code, lines }).toEqual({ code: 1, lines: [`${provider}: made`] });
      expect(stderr).toContain("not authorized to perform: iam:GetRole");
      expect(account.roles).toHaveLength(1);
    },
    timeout,
  );

  test(
    "hands on texts that a shell would read as they are",
    async () => {
      const { account } = await start();
      const args = ["--format", "cli", "--url", issuerUrl, "--audience", oddAudiences.join(",")];
      const { stdout } = await vouchServerAws(...args);
      expect((await run(current!, stdout, administrator)).code).toBe(0);
      expect(account.oidcProviders[0]!.clientIds).toEqual(oddAudiences);
      expect(audiencesOf(account)).toEqual(oddAudiences);
    },
    timeout,
  );

  test(
    "fills in the partition and the account of the credentials",
    async () => {
      const { account } = await start("aws-us-gov", "210987654321");
      const scope = ["--region", "us-gov-west-1", "--repository", "my-domain/*"];
      const { stdout } = await vouchServerAws("--format", "cli", "--url", issuerUrl, ...scope);
      expect((await run(current!, stdout, administrator)).code).toBe(0);
      const [, reader, publisher] = account.roles;
      expect(JSON.stringify(reader!.trustPolicy)).toContain(
        '"arn:aws-us-gov:iam::210987654321:oidc-provider/vouch.example.com"',
      );
      const packages = "arn:aws-us-gov:codeartifact:us-gov-west-1:210987654321:package/my-domain";
      const publishes = (path: string) =>
        account.allowed(publisher!, "codeartifact:PublishPackageVersion", packages + path);
      expect([publishes("/any-repo/npm//my-lib"), publishes("-2/any-repo/npm//my-lib")]).toEqual([true, false]);
    },
    timeout,
  );
});

describe.skipIf(!requires("shellcheck"))("shellcheck finds nothing in a script", () => {
  test.each([
    ["with the defaults", []],
    [
      "with repositories, accounts and regions",
      ["--account", `${id},210987654321`, "--region", "us-east-1", "--repository", "my-domain/*"],
    ],
    ["with roles of groups", ["--group", "Team A:x/y.z@w-1_2=team-developer:team-publisher,platform=developer"]],
  ])("%s", async (_, args) => {
    const { stdout } = await vouchServerAws("--format", "cli", "--url", issuerUrl, ...args);
    const command = ["shellcheck", "--severity=style", "-"];
    const checked = Bun.spawnSync(command, { stdin: Buffer.from(stdout) });
    expect(checked.stdout.toString()).toBe("");
    expect(checked.success).toBe(true);
  });
});
