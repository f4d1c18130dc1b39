/**
 * A profile of the AWS CLI, whatever it takes its credentials from (SSO, another role, a program): the CLI says.
 * https://awscli.amazonaws.com/v2/documentation/api/latest/reference/configure/export-credentials.html
 */
import { VouchError } from "../../base/errors.ts";
import { findOnPath } from "../../base/system/path.ts";
import { runProgram } from "../../base/system/program.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { type Environment, readCredentials } from "./answer.ts";

/** The CLI takes a second to start, and a profile may lead over several roles. */
const limitMs = 30_000;
/** Set for the CLI that is started, so that a profile whose `credential_process` is Vouch does not ask in a circle. */
const askedFor = "VOUCH_ASKED_FOR_PROFILE";

/** Throws `identity_unavailable` with what the CLI said, `aws_error`, `timeout`, `cancelled`. */
export async function profileCredentials(
  profile: string | undefined,
  env: Environment,
  signal?: AbortSignal,
): Promise<ExpiringCredentials> {
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
      "The identity aws-profile needs the AWS CLI, and no `aws` is on PATH.",
      {
        hint: "Install it, or choose another identity.",
      },
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
        hint: "Put version 2.9 or later first on PATH, or choose another identity.",
      },
    );
  }
  const why = stderr.trim().split("\n").at(-1)?.slice(0, 500) || `exit code ${exitCode}`;
  throw new VouchError("identity_unavailable", `The AWS CLI gives no credentials for the profile ${name}: ${why}`, {
    hint: `Run \`aws configure export-credentials --profile ${name} --format process\` to see; a profile of IAM Identity Center needs \`aws sso login --profile ${name}\` first.`,
  });
}
