/** The judge of the fakes: the real AWS CLI gets its credentials from them, and AWS knows it by them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { ciRoleArn, type Job, startJob } from "../../job.ts";
import { awsClis, requiresAwsCli } from "../../requires.ts";
import { names } from "../main.ts";
import { serveContainerCredentials, serveInstanceMetadata } from "./metadata.ts";

// The AWS CLI takes a second or more to start, several when the machine is busy.
describe.skipIf(!requiresAwsCli())("aws sts get-caller-identity in a job of the sandbox", () => {
  let job: Job;
  beforeAll(async () => {
    job = await startJob();
  });
  afterAll(async () => job?.stop());

  async function caller(env: Record<string, string>): Promise<string> {
    const { stdout, stderr, exitCode } = await job.run([awsClis()[0]!, "sts", "get-caller-identity"], {
      env: {
        // The CLI keeps what it got in the home folder: each run has one of its own.
        HOME: mkdtempSync(join(job.folder, "home-")),
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_MAX_ATTEMPTS: "1",
        AWS_PAGER: "",
        AWS_DEFAULT_OUTPUT: "json",
        AWS_REGION: names.region,
        AWS_DEFAULT_REGION: names.region,
        AWS_STS_REGIONAL_ENDPOINTS: "regional",
        ...env,
      },
    });
    return exitCode === 0 ? (JSON.parse(stdout) as { Arn: string }).Arn : stderr;
  }
  const role = `arn:aws:sts::${names.account}:assumed-role/vouch-ci`;

  test("signs with the instance's metadata, and not for an instance without a role", async () => {
    await using service = serveInstanceMetadata(job.sandbox.account, job.role);
    expect(await caller({ AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url })).toBe(`${role}/i-0abcdef1234567890`);
    expect(service.asked[0]).toBe("PUT /latest/api/token 200");
    await using none = serveInstanceMetadata(job.sandbox.account, undefined);
    expect(await caller({ AWS_EC2_METADATA_SERVICE_ENDPOINT: none.url })).toContain("Unable to locate credentials");
  });

  test("signs with the container's service, and not without its authorization", async () => {
    await using service = serveContainerCredentials(job.sandbox.account, job.role, "Basic sandbox");
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service.url}/v1/credentials` };
    expect(await caller({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic sandbox" })).toStartWith(role);
    expect(await caller(env)).toContain("401");
  });

  test("signs with the web identity in a file, and not with another service account's", async () => {
    const env = { AWS_ROLE_ARN: ciRoleArn, AWS_ROLE_SESSION_NAME: "build", AWS_EC2_METADATA_DISABLED: "true" };
    expect(await caller({ ...env, ...(await job.given("web-identity-file")) })).toBe(`${role}/build`);
    const other = await job.given("web-identity-file", { sub: "system:serviceaccount:ci:other" });
    expect(await caller({ ...env, ...other })).toContain("AccessDenied");
  });
});
