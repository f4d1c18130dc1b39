/** AWS credentials from environment variables, as set by AWS tools and the `configure-aws-credentials` action. */
import { VouchError } from "../../base/errors.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { readCredentials } from "./answer.ts";
import { type CredentialSourceRequest, serverSources } from "./source.ts";

/**
 * Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION. Throws
 * `identity_unavailable` with the missing variables, `aws_error` for malformed values.
 */
export function environmentCredentials({ env, asker }: CredentialSourceRequest): ExpiringCredentials {
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new VouchError(
      "identity_unavailable",
      `${asker === "server" ? "The server's environment" : "The identity aws-environment"} needs ${missing.join(" and ")}, which ${missing.length === 1 ? "is" : "are"} not set.`,
      {
        hint:
          asker === "server"
            ? `Set it too, or neither of them. ${serverSources}`
            : "Set them (with AWS_SESSION_TOKEN for temporary credentials) before, or choose another identity.",
      },
    );
  }
  return readCredentials(
    JSON.stringify({
      AccessKeyId: env["AWS_ACCESS_KEY_ID"],
      SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"],
      SessionToken: env["AWS_SESSION_TOKEN"] || undefined,
      Expiration: env["AWS_CREDENTIAL_EXPIRATION"] || undefined,
    }),
    "The environment",
  );
}
