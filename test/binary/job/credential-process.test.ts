/** `vouch credential aws` as the real AWS CLI asks for it: from the session of a laptop, and in a job by its identity. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ciRoleArn, type Job, startJob } from "../../job.ts";
import { ended, executable, type Laptop, startLaptop } from "../../laptop.ts";
import { awsClis, requiresAwsCli } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";

const getToken = [
  awsClis()[0] ?? "aws",
  ...`codeartifact get-authorization-token --domain ${names.domain} --duration-seconds 900`.split(" "),
];

/** The folder of an AWS CLI that has `configure export-credentials`: version 2.9 and later; one that is older is passed over by name. */
function exportingCli(): string | undefined {
  if (!requiresAwsCli()) return undefined;
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => existsSync(join(folder, "aws")));
  const found = folders.find((folder) => {
    const version = Bun.spawnSync([join(folder, "aws"), "--version"]).stdout.toString();
    const [, major = 0, minor = 0] = /^aws-cli\/(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9);
  });
  if (found === undefined) console.warn("SKIPPED: needs an AWS CLI of version 2.9 or later");
  return found;
}
const cli = exportingCli();

/** Nothing of the machine's own AWS configuration counts, and nobody asks the instance metadata service. */
function awsEnvironment(folder: string, config: string): Record<string, string> {
  mkdirSync(join(folder, ".aws"), { recursive: true });
  writeFileSync(join(folder, ".aws/config"), config);
  return {
    AWS_CONFIG_FILE: join(folder, ".aws/config"),
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    AWS_DEFAULT_OUTPUT: "json",
  };
}

const profile = (name: string, more: string) =>
  `[profile ${name}]\nregion = ${names.region}\ncredential_process = ${executable} credential aws${more}\n`;

describe.skipIf(!requiresAwsCli())("on a laptop with a session", () => {
  let laptop: Laptop;
  let env: Record<string, string>;
  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    const other = " --role arn:aws:iam::123456789012:role/other";
    env = awsEnvironment(laptop.home, profile("vouch", "") + profile("other", other));
  });
  afterAll(async () => laptop?.stop());

  test("the AWS CLI signs with the session's credentials", async () => {
    const before = laptop.sandbox.account.calls.AssumeRoleWithWebIdentity;
    const { authorizationToken } = JSON.parse(
      await ended(laptop.run([...getToken, "--profile", "vouch"], { env })),
    ) as { authorizationToken: string };
    expect(laptop.sandbox.account.verifyToken(authorizationToken, names.domain)?.role.name).toBe("vouch-developer");
    // They are those that the agent holds already.
    expect(laptop.sandbox.account.calls.AssumeRoleWithWebIdentity).toBe(before);
  });

  test("credential_process prints its JSON, and the credentials end with the session", async () => {
    const { stdout, stderr, exitCode } = await laptop.vouch("credential", "aws");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]);
    expect(answer["Version"]).toBe(1);
    expect(answer["Expiration"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { session } = JSON.parse((await laptop.vouch("status", "--json")).stdout) as {
      session: { expiration: number };
    };
    expect(Date.parse(String(answer["Expiration"]))).toBeLessThanOrEqual(session.expiration * 1000);
  });

  test("another role is asked for with the same identity, and refused when it does not trust it", async () => {
    const { stderr, exitCode } = await laptop.run([...getToken, "--profile", "other"], { env });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("AWS STS refused AssumeRoleWithWebIdentity for arn:aws:iam::123456789012:role/other");
  });

  test("the AWS CLI shows the next command without a session, and no credentials are left anywhere", async () => {
    await laptop.vouch("logout");
    expect(await laptop.vouch("credential", "aws")).toMatchObject({ exitCode: 4, stdout: "" });
    const { stderr, exitCode } = await laptop.run([...getToken, "--profile", "vouch"], { env });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("Run `vouch login`.");
    expect(filesContaining(laptop.folder, /\bASIA[A-Z0-9]{12,}|VouchSandboxSecret/)).toEqual([]);
  });

  test.each([
    [["credential", "aws", "--json"], "unknown option --json"],
    [["credential", "aws", "--domain", "x"], "--domain goes with --identity NAME"],
    [["credential", "gcp"], 'there is no credential "gcp"'],
  ])("vouch with the words %j is refused", async (args, message) => {
    expect(await laptop.vouch(...args)).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  });
});

describe.skipIf(!requiresAwsCli())("in a job", () => {
  let job: Job;
  beforeAll(async () => {
    job = await startJob();
  });
  afterAll(async () => job?.stop());

  test("the AWS CLI signs with the role that the identity is exchanged for", async () => {
    const flags = ` --identity github-actions --role ${ciRoleArn} --region ${names.region}`;
    const env = { ...awsEnvironment(job.folder, profile("ci", flags)), ...job.github.env };
    const { authorizationToken } = JSON.parse(await ended(job.run([...getToken, "--profile", "ci"], { env }))) as {
      authorizationToken: string;
    };
    expect(job.sandbox.account.verifyToken(authorizationToken, names.domain)?.role.name).toBe("vouch-ci");
  });

  test.skipIf(cli === undefined)(
    "the identity aws-profile uses what the AWS CLI gives, and does not ask in a circle",
    async () => {
      const issued = job.sandbox.account.issueCredentials(job.role, "build", 3600);
      const file = join(job.folder, "process.json");
      writeFileSync(
        file,
        JSON.stringify({
          Version: 1,
          AccessKeyId: issued.accessKeyId,
          SecretAccessKey: issued.secretAccessKey,
          SessionToken: issued.sessionToken,
          Expiration: new Date(issued.expires * 1000).toISOString(),
        }),
      );
      const circle = profile("circle", " --identity aws-profile --profile circle");
      const config = `[profile good]\ncredential_process = /bin/cat ${file}\n${circle}`;
      const env = { ...awsEnvironment(job.folder, config), PATH: `${cli}:${job.env["PATH"]}` };
      const ask = (name: string) =>
        job.vouch(["credential", "aws", "--identity", "aws-profile", "--profile", name], env);
      const good = await ask("good");
      expect(good).toMatchObject({ exitCode: 0, stderr: "" });
      expect(JSON.parse(good.stdout)).toMatchObject({ Version: 1, AccessKeyId: issued.accessKeyId });
      expect(await ask("circle")).toMatchObject({
        exitCode: 4,
        stdout: "",
        stderr: expect.stringContaining("from Vouch"),
      });
      expect(await ask("missing")).toMatchObject({
        exitCode: 4,
        stdout: "",
        stderr: expect.stringContaining("missing"),
      });
      const old = join(job.folder, "old");
      mkdirSync(old);
      writeFileSync(join(old, "aws"), "#!/bin/sh\necho 'error: argument subcommand: Invalid choice' >&2\nexit 2\n", {
        mode: 0o755,
      });
      env.PATH = `${old}:${env.PATH}`;
      expect(await ask("good")).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("is too old") });
      expect(existsSync(join(job.folder, ".aws/cli/cache"))).toBe(false);
    },
    120_000,
  );
});
