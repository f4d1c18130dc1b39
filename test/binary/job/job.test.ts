/** `vouch exec --identity` and the helpers of a job without agent, key and home folder, against the sandbox's AWS. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ciRoleArn,
  countCalls,
  execVariables,
  holderOf,
  type Job,
  repositoryFlags,
  roleFlags,
  startJob,
} from "../../job.ts";
import { executable } from "../../laptop.ts";
import { serveContainerCredentials, serveInstanceMetadata } from "../../sandbox/ci/metadata.ts";
import { ciPlatformNames } from "../../sandbox/ci/platforms.ts";
import { names } from "../../sandbox/main.ts";

let job: Job;
beforeAll(async () => {
  job = await startJob();
});
afterAll(async () => job?.stop());

let calls: ReturnType<typeof countCalls>;
beforeEach(() => {
  calls = countCalls(job);
});

const tokenOf = (environment: string) => /^CODEARTIFACT_AUTH_TOKEN=(.*)$/m.exec(environment)?.[1] ?? "";

describe("in a job the platform's ID token is exchanged for the role", () => {
  test.each(ciPlatformNames)("of %s", async (name) => {
    const command = ["exec", "--identity", name, ...roleFlags, ...repositoryFlags, "--", "env"];
    const { exitCode, stdout, stderr } = await job.vouch(command, await job.given(name));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const holder = holderOf(job, tokenOf(stdout));
    expect(holder?.role).toBe(job.role);
    // The role allows an hour, and the token ends with its session.
    expect(holder!.expires).toBeLessThanOrEqual(Date.now() / 1000 + 3601);
    expect(holder!.expires).toBeGreaterThan(Date.now() / 1000 + 3500);
    expect(stdout).toContain(`\nnpm_config_//${names.packageHost}/npm/${names.repository}/:_authToken=`);
    expect(stdout).toMatch(/^PIP_INDEX_URL=https:\/\/aws:.*\/pypi\/my-repo\/simple\/$/m);
    expect(stdout).toContain(`CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS=cargo:token ${executable}`);
    expect(stdout).toContain(`VOUCH_IDENTITY=${name}`);
    // Eight hours were asked for, then one.
    expect(calls("AssumeRoleWithWebIdentity")).toBe(2);
    expect(calls("GetAuthorizationToken")).toBe(1);
  });

  test("but not that of another branch, and the error has what the trust policy would have to match", async () => {
    const claims = { sub: "project_path:my-group/my-app:ref_type:branch:ref:evil" };
    const env = await job.given("gitlab", claims);
    const { exitCode, stdout, stderr } = await job.vouch(["exec", "--", "env"], {
      ...env,
      ...execVariables,
      VOUCH_IDENTITY: "gitlab",
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain("(AccessDenied)");
    expect(stderr).toContain(`aud "sts.amazonaws.com" and sub "${claims.sub}"`);
    expect(stderr).toContain("run the job again");
    expect(stderr).not.toContain("vouch login");
  });

  test("and a domain that does not exist has a hint with the flags of a job", async () => {
    const env = { ...execVariables, ...job.github.env, VOUCH_IDENTITY: "github-actions", VOUCH_DOMAIN: "other-domain" };
    const { exitCode, stderr } = await job.vouch(["exec", "--", "env"], env);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(
      "codeartifact:GetAuthorizationToken on arn:aws:codeartifact:us-east-1:123456789012:domain/other-domain",
    );
    expect(stderr).not.toContain("vouch login");
  });

  test("for an audience that can be chosen where the platform allows it, and that AWS must know", async () => {
    const command = ["exec", "--identity", "github-actions", "--audience", "https://other.example", ...roleFlags];
    const { exitCode, stderr } = await job.vouch([...command, ...repositoryFlags, "--", "env"], job.github.env);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("(InvalidIdentityToken)");
    expect(job.github.audiences.at(-1)).toBe("https://other.example");
    const refused = await job.vouch([
      "exec",
      "--identity",
      "gitlab",
      "--audience",
      "x",
      ...roleFlags,
      ...repositoryFlags,
      "--",
      "env",
    ]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("does not take --audience") });
  });

  test("after GitHub has failed for a moment, but not after its request token has ended", async () => {
    job.github.failures.push(503, 500);
    const env = { ...job.github.env, ...execVariables, VOUCH_IDENTITY: "github-actions" };
    expect(await job.vouch(["exec", "--", "true"], env)).toMatchObject({ exitCode: 0, stderr: "" });
    const over = { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "over" };
    expect(await job.vouch(["exec", "--", "true"], over)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("it answered with status 401"),
    });
  });

  test("but not one that has ended or is no ID token", async () => {
    const run = (token: string) =>
      job.vouch(["exec", "--", "true"], { ...execVariables, VOUCH_IDENTITY: "gitlab", VOUCH_ID_TOKEN: token });
    const ended = await run(await job.platforms.gitlab.token({ exp: Math.floor(Date.now() / 1000) - 60 }));
    expect(ended).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("The ID token from VOUCH_ID_TOKEN ended at"),
    });
    expect(await run("secret-but-no-jwt")).toMatchObject({
      exitCode: 4,
      stderr: expect.not.stringContaining("secret-but-no-jwt"),
    });
    expect(calls("AssumeRoleWithWebIdentity")).toBe(0);
  });
});

describe("in a job the credentials that AWS gives are used as they are", () => {
  const owner = ["--domain-owner", names.account];
  const run = (name: string, env: Record<string, string>, ...more: string[]) =>
    job.vouch(["exec", "--identity", name, ...more, ...repositoryFlags, ...owner, "--", "env"], env);

  function issued(): Record<string, string> {
    const credentials = job.sandbox.account.issueCredentials(job.role, "build", 3600);
    return {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    };
  }

  test("of aws-environment", async () => {
    const { stdout, stderr } = await run("aws-environment", issued());
    expect(stderr).toBe("");
    expect(holderOf(job, tokenOf(stdout))?.role).toBe(job.role);
    expect(calls("AssumeRoleWithWebIdentity")).toBe(0);
  });

  test("of aws-container, with authorization from a file that is read each time", async () => {
    await using service = serveContainerCredentials(job.sandbox.account, job.role, "Basic sandbox");
    const file = join(job.folder, "authorization");
    writeFileSync(file, "Basic sandbox");
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service.url}/v1/credentials` };
    const { stdout, stderr } = await run("aws-container", { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file });
    expect(stderr).toBe("");
    expect(holderOf(job, tokenOf(stdout))?.role).toBe(job.role);
    expect(await run("aws-container", env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("it answered with status 401"),
    });
  });

  test("of aws-ec2, by a token of IMDSv2 and not through a proxy", async () => {
    await using service = serveInstanceMetadata(job.sandbox.account, job.role);
    // A proxy for everything: the metadata service would not be reached through it.
    const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url, NO_PROXY: "", no_proxy: "" };
    const { stdout, stderr } = await run("aws-ec2", env);
    expect(stderr).toBe("");
    expect(holderOf(job, tokenOf(stdout))?.role).toBe(job.role);
    const list = "/latest/meta-data/iam/security-credentials/";
    expect(service.asked).toEqual(["PUT /latest/api/token 200", `GET ${list} 200`, `GET ${list}vouch-ci 200`]);
  });

  test("without a role flag, which is refused: there is nothing to assume it with", async () => {
    expect(await run("aws-environment", issued(), ...roleFlags)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("assumes no role"),
    });
  });

  test("but not those that AWS does not know", async () => {
    const env = { ...issued(), AWS_ACCESS_KEY_ID: "ASIAUNKNOWNUNKNOWN00" };
    expect(await run("aws-environment", env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("UnrecognizedClientException"),
    });
  });
});

describe("the identity of a job is chosen, never guessed", () => {
  test("so that nothing is used where everything is there and nothing is chosen", async () => {
    const before = { ...job.sandbox.account.calls };
    const all = await Promise.all(ciPlatformNames.map((name) => job.given(name)));
    const { exitCode, stdout, stderr } = await job.vouch(["exec", "--", "env"], {
      ...Object.assign({}, ...all),
      ...execVariables,
      AWS_ACCESS_KEY_ID: "ASIAUNKNOWNUNKNOWN00",
      AWS_SECRET_ACCESS_KEY: "x",
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain("Not logged in");
    expect(job.sandbox.account.calls).toEqual(before);
  });

  test("and an unknown name is refused with the known ones", async () => {
    const { exitCode, stderr } = await job.vouch([
      "exec",
      "--identity",
      "github",
      ...repositoryFlags,
      ...roleFlags,
      "--",
      "env",
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      'vouch: There is no identity "github". The identities are github-actions, gitlab, circleci, buildkite, bitbucket, ' +
        "web-identity-file, aws-environment, aws-container, aws-ec2, aws-profile.\n",
    );
  });

  test.each([
    [
      "github-actions",
      "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN",
      "permissions: { id-token: write",
    ],
    ["gitlab", "VOUCH_ID_TOKEN", "id_tokens:"],
    ["circleci", "CIRCLE_OIDC_TOKEN_V2 or CIRCLE_OIDC_TOKEN", "context"],
    ["buildkite", "gave no ID token: fatal: missing job id", "BUILDKITE_JOB_ID"],
    ["bitbucket", "BITBUCKET_STEP_OIDC_TOKEN", "oidc: true"],
    ["web-identity-file", "AWS_WEB_IDENTITY_TOKEN_FILE", "eks.amazonaws.com/role-arn"],
    ["aws-environment", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
    ["aws-container", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI", "task role"],
  ])("and %s says what is missing and how a job gets it", async (name, missing, remedy) => {
    const env = { ...execVariables, VOUCH_DOMAIN_OWNER: names.account, VOUCH_IDENTITY: name };
    const role = name.startsWith("aws-") ? { VOUCH_ROLE: "" } : {};
    const { exitCode, stdout, stderr } = await job.vouch(["exec", "--", "env"], { ...env, ...role });
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain(missing);
    expect(stderr).toContain(remedy);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test.each<[string, Record<string, string>, string]>([
    ["no role", { VOUCH_ROLE: "", VOUCH_DOMAIN_OWNER: names.account }, "needs a role to assume"],
    ["no region", { VOUCH_REGION: "" }, "Which region is the domain my-domain in?"],
    ["no repository", { VOUCH_REPOSITORY: "" }, "The repository is missing."],
    ["no owner", { VOUCH_ROLE: "" }, "Which account owns the domain my-domain?"],
    ["a region of another partition", { VOUCH_REGION: "cn-north-1" }, "aws-cn"],
    ["a name that is none", { VOUCH_DOMAIN: "My_Domain" }, "Expected a CodeArtifact domain name"],
    ["a settings file that is not there", { VOUCH_CONFIG: "/nowhere/config.json" }, "do not exist"],
  ])("and incomplete options are refused before anything is asked: %s", async (_title, change, message) => {
    const env = { ...execVariables, ...job.github.env, VOUCH_IDENTITY: "github-actions", ...change };
    const { exitCode, stderr } = await job.vouch(["exec", "--", "env"], env);
    expect(exitCode).toBeGreaterThan(0);
    expect(exitCode).toBeLessThan(3);
    expect(stderr).toContain(message);
    expect(calls("AssumeRoleWithWebIdentity")).toBe(0);
  });

  test("and options of a job without an identity are refused, not ignored", async () => {
    expect(await job.vouch(["exec", ...roleFlags, "--", "env"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--role goes with --identity NAME"),
    });
  });

  test("or chosen by the settings file where no session answers", async () => {
    const file = join(job.folder, "config.json");
    const repository = {
      domain: names.domain,
      domainOwner: names.account,
      region: names.region,
      repository: names.repository,
    };
    const settings = {
      version: 1,
      identity: { name: "gitlab", idTokenVariable: "MY_TOKEN" },
      aws: { roleArn: ciRoleArn },
      repositories: [{ ...repository, endpoints: { npm: `https://${names.packageHost}/npm/${names.repository}/` } }],
    };
    writeFileSync(file, JSON.stringify(settings));
    const env = { VOUCH_CONFIG: file, MY_TOKEN: await job.platforms.gitlab.token() };
    const { exitCode, stdout, stderr } = await job.vouch(["exec", "--", "env"], env);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(holderOf(job, tokenOf(stdout))?.role).toBe(job.role);
    expect(stdout).not.toContain("PIP_INDEX_URL");
  });
});
