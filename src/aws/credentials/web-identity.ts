/**
 * Role credentials for the ID token of a file that the environment names: EKS (IRSA), and other platforms with the SDKs'
 * variables. https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { assumeRoleWithWebIdentity } from "../sts.ts";

/** The variable that names the file. */
export const tokenFileVariable = "AWS_WEB_IDENTITY_TOKEN_FILE";
/** Size limit, above the 20,000 characters of the longest JWT that STS accepts. */
const maxTokenFileBytes = 64 * 1024;
/** What every role allows, in seconds. */
const durationSeconds = 3600;

/** Reads the token file, each time: it is replaced before its token expires. Throws `identity_unavailable`. */
export function readTokenFile(path: string): string {
  try {
    return readRegularFile(path, maxTokenFileBytes).toString("utf8");
  } catch (error) {
    throw new VouchError(
      "identity_unavailable",
      `The file ${path}, which ${tokenFileVariable} names, cannot be read: ${whyUnreadable(error)}.`,
      { hint: "Check that it is mounted into this container and that this user may read it.", cause: error },
    );
  }
}

/**
 * Credentials of AWS_ROLE_ARN for a server, from STS in AWS_REGION, else in `region`. Throws `identity_unavailable`, and as
 * `assumeRoleWithWebIdentity`.
 */
export async function serverWebIdentity(
  env: Environment,
  region: string,
  signal?: AbortSignal,
): Promise<ExpiringCredentials> {
  const path = env[tokenFileVariable];
  const roleArn = env["AWS_ROLE_ARN"];
  if (!path || !roleArn) {
    throw new VouchError(
      "identity_unavailable",
      `The server's environment has ${tokenFileVariable}, but no AWS_ROLE_ARN.`,
      {
        hint: "On EKS, annotate the pod's service account with `eks.amazonaws.com/role-arn: ARN`, and start the pod again.",
      },
    );
  }
  const token = readTokenFile(path).trim();
  if (!/^[\w-]+(\.[\w-]+){2}$/.test(token)) {
    throw new VouchError("identity_unavailable", `Expected an OpenID Connect ID token (a JWT) in the file ${path}.`, {
      hint: `${tokenFileVariable} names it: check what writes it.`,
    });
  }
  return await assumeRoleWithWebIdentity({
    roleArn,
    region: env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || region,
    sessionName: env["AWS_ROLE_SESSION_NAME"] || "vouch-server",
    webIdentityToken: new Secret(token),
    durationSeconds,
    env,
    asker: "server",
    signal,
  });
}
