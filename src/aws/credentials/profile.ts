/**
 * Credentials of an AWS CLI profile of any kind (SSO, role chain, external program), resolved by the CLI itself.
 * https://awscli.amazonaws.com/v2/documentation/api/latest/reference/configure/export-credentials.html
 */
import { VouchError } from "../../base/errors.ts";
import { findOnPath } from "../../base/system/path.ts";
import { runProgram } from "../../base/system/program.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { readCredentials } from "./answer.ts";
import { type CredentialSourceRequest, serverSources } from "./source.ts";

/** Timeout in milliseconds: the CLI takes a second to start, and a profile may chain several roles. */
const limitMs = 30_000;
/** Recursion guard, set for the child process: a profile may use Vouch as its `credential_process`. */
const askedFor = "VOUCH_ASKED_FOR_PROFILE";

/**
 * Runs the AWS CLI for `profile`, else AWS_PROFILE, else `default`. Throws `identity_unavailable` with the CLI's
 * message, `aws_error`, `timeout`, `cancelled`.
 */
export async function profileCredentials({
  env,
  profile,
  asker,
  signal,
}: CredentialSourceRequest): Promise<ExpiringCredentials> {
  const others = asker === "server" ? serverSources : "Or choose another identity.";
  const name = profile || env["AWS_PROFILE"] || "default";
  if (env[askedFor] !== undefined) {
    throw new VouchError(
      "identity_unavailable",
      `The profile ${name} takes its credentials from Vouch, which would ask it.`,
      {
        hint: "Give `credential_process` in ~/.aws/config another identity than aws-profile.",
      },
    );
  }
  const aws = findOnPath("aws", env);
  if (aws === undefined) {
    throw new VouchError(
      "identity_unavailable",
      `${asker === "server" ? `The AWS profile ${name}` : "The identity aws-profile"} needs the AWS CLI, and no \`aws\` is on PATH.`,
      { hint: `Install it. ${others}` },
    );
  }
  const { exitCode, stdout, stderr } = await runProgram(
    aws,
    ["configure", "export-credentials", "--profile", name, "--format", "process"],
    { env: { ...env, [askedFor]: name }, timeoutMs: limitMs, signal },
  );
  if (exitCode === 0) return readCredentials(stdout, "`aws configure export-credentials`");
  if (/invalid choice/i.test(stderr)) {
    throw new VouchError(
      "identity_unavailable",
      `The AWS CLI ${aws} is too old: it has no \`configure export-credentials\`.`,
      {
        hint: `Put version 2.9 or later first on PATH. ${others}`,
      },
    );
  }
  const why = stderr.trim().split("\n").at(-1)?.slice(0, 500) || `exit code ${exitCode}`;
  throw new VouchError("identity_unavailable", `The AWS CLI gives no credentials for the profile ${name}: ${why}`, {
    hint: `Run \`aws configure export-credentials --profile ${name} --format process\` to see; a profile of IAM Identity Center needs \`aws sso login --profile ${name}\` first.`,
  });
}
