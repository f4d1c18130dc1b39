/**
 * Role credentials of a container: ECS tasks, CodeBuild, EKS Pod Identity.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { readCredentials } from "./answer.ts";
import { askMetadata, isMetadataAddress } from "./metadata.ts";
import type { CredentialSourceRequest } from "./source.ts";

const relativeUri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const fullUri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/** Link-local addresses of ECS, and of EKS Pod Identity over IPv4 and IPv6. */
const ecsHost = "169.254.170.2";
const linkLocal = [ecsHost, "169.254.170.23", "fd00:ec2::23"];

/**
 * Fetches the credentials of the container's role. Throws `identity_unavailable` (missing or disallowed variables),
 * `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function containerCredentials({ env, signal }: CredentialSourceRequest): Promise<ExpiringCredentials> {
  const url = credentialsUrl(env);
  const service = "The container's credentials service";
  const { status, body } = await askMetadata({
    url,
    method: "GET",
    headers: { accept: "application/json", ...(await authorization(env)) },
    service,
    silentHint:
      "Is this the container that the variables are for? What `docker run` starts inside of it reaches other addresses.",
    caBundle: env["AWS_CA_BUNDLE"],
    signal,
  });
  if (status !== 200) {
    throw new VouchError(
      "aws_error",
      `${service} at ${url.host} gave no credentials: it answered with status ${status}.`,
      {
        hint: "Check that the task, build or pod has a role, and AWS_CONTAINER_AUTHORIZATION_TOKEN or its file where there is one.",
      },
    );
  }
  return readCredentials(body, service, { mustEnd: true });
}

/**
 * The URL of the credentials service. The relative URI has precedence, as in the SDKs. Throws `identity_unavailable`.
 */
export function credentialsUrl(env: Environment): URL {
  const relative = env[relativeUri];
  const text = relative ? `http://${ecsHost}${relative}` : env[fullUri];
  if (!text) {
    throw new VouchError(
      "identity_unavailable",
      `The identity aws-container needs ${relativeUri} or ${fullUri}, which are not set.`,
      {
        hint: "ECS sets one for a task with a task role, CodeBuild for every build, EKS for a pod with a Pod Identity association.",
      },
    );
  }
  const url = URL.parse(text);
  // A relative URI without a leading slash could change the host.
  if (url && isMetadataAddress(url, linkLocal) && (!relative || url.host === ecsHost)) return url;
  throw new VouchError(
    "identity_unavailable",
    `${relative ? relativeUri : fullUri} names no place to ask for credentials.`,
    {
      hint: `Expected https, this machine, or one of ${linkLocal.join(", ")}.`,
    },
  );
}

async function authorization(env: Environment): Promise<Record<string, string>> {
  const name = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  const path = env[`${name}_FILE`];
  let token = env[name];
  if (path) {
    try {
      // Read each time: EKS rotates it.
      token = readRegularFile(path, 64 * 1024).toString("utf8");
    } catch (error) {
      throw new VouchError(
        "identity_unavailable",
        `The file ${path}, which ${name}_FILE names, cannot be read: ${whyUnreadable(error)}.`,
        {
          hint: "Check that it is mounted into this container and that this user may read it.",
          cause: error,
        },
      );
    }
  }
  if (!token) return {};
  if (/^[\u0020-\u007e]+$/.test(token)) return { authorization: token };
  throw new VouchError("identity_unavailable", `${path ? `${name}_FILE` : name} holds no value of a header field.`, {
    hint: "Expected printable ASCII on one line.",
  });
}
