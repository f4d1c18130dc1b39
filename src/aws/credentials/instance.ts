/**
 * Role credentials of an EC2 instance from its metadata service, version 2 (IMDSv2) only.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import type { HttpResponse } from "../../base/net/http.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { readCredentials } from "./answer.ts";
import { askMetadata, isMetadataAddress } from "./metadata.ts";
import { parseJson } from "../../base/json.ts";
import { type CredentialSourceRequest, serverSources } from "./source.ts";

const endpointVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const linkLocal = ["169.254.169.254", "fd00:ec2::254"];
const service = "The instance metadata service";
const hopHint =
  "In a container the answer needs one hop more than the default: `aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2`.";
/** Lifetime of the session token in seconds: enough for the two requests that follow. */
const tokenSeconds = "60";
const rolePath = "latest/meta-data/iam/security-credentials/";

/**
 * Fetches the credentials of the instance's role. Throws `identity_unavailable` (disabled, no role, invalid endpoint),
 * `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function instanceCredentials({
  env,
  asker,
  signal,
}: CredentialSourceRequest): Promise<ExpiringCredentials> {
  if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") {
    throw new VouchError(
      "identity_unavailable",
      asker === "server"
        ? "The environment names no AWS credentials, and those of EC2 are switched off: AWS_EC2_METADATA_DISABLED is true."
        : "The identity aws-ec2 is switched off: AWS_EC2_METADATA_DISABLED is true.",
      { hint: asker === "server" ? serverSources : "Unset it, or choose another identity." },
    );
  }
  const base = instanceEndpoint(env);
  const ask = (method: "GET" | "PUT", path: string, headers: Record<string, string>) =>
    askMetadata({
      url: new URL(path, base),
      method,
      headers,
      service,
      silentHint: asker === "server" ? `${serverSources} ${hopHint}` : hopHint,
      caBundle: env["AWS_CA_BUNDLE"],
      signal,
    });
  const token = (
    await expectOk(ask("PUT", "latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": tokenSeconds }))
  ).body;
  if (!/^[\u0021-\u007e]+$/.test(token)) throw new VouchError("aws_error", `${service} gave no token.`);
  const headers = { "x-aws-ec2-metadata-token": token };
  const role = await ask("GET", rolePath, headers);
  const [name = ""] = role.body.trim().split("\n");
  if (role.status === 404 || (role.status === 200 && !/^[\w+=,.@-]{1,64}$/.test(name))) {
    throw new VouchError("identity_unavailable", "This EC2 instance has no role.", {
      hint: "Attach one: `aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=NAME`.",
    });
  }
  await expectOk(role);
  const { body } = await expectOk(ask("GET", rolePath + encodeURIComponent(name), headers));
  // The status is 200 even if the role cannot be assumed; the body has the error code.
  const { Code: code } = (parseJson(body) ?? {}) as { Code?: unknown };
  if (code !== "Success") {
    throw new VouchError("aws_error", `${service} gave no credentials for the role ${name}: ${shown(code)}.`, {
      hint: "Check that the role's trust policy allows sts:AssumeRole to the service ec2.amazonaws.com.",
    });
  }
  return readCredentials(body, service, { mustEnd: true });
}

/** The service's base URL, with a trailing slash. Throws `identity_unavailable`. */
export function instanceEndpoint(env: Environment): URL {
  const ipv6 = env[`${endpointVariable}_MODE`]?.toLowerCase() === "ipv6";
  const text = env[endpointVariable] || (ipv6 ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/");
  const url = URL.parse(text.replace(/\/*$/, "/"));
  if (url && isMetadataAddress(url, linkLocal)) return url;
  throw new VouchError("identity_unavailable", `${endpointVariable} names no place to ask for credentials.`, {
    hint: `Expected https, this machine, or one of ${linkLocal.join(", ")}.`,
  });
}

async function expectOk(answer: HttpResponse | Promise<HttpResponse>): Promise<HttpResponse> {
  const response = await answer;
  if (response.status === 200) return response;
  throw new VouchError("aws_error", `${service} gave no credentials: it answered with status ${response.status}.`, {
    hint: "Check that the instance's metadata options allow it (HttpEndpoint enabled).",
  });
}

function shown(code: unknown): string {
  return typeof code === "string" && /^[\w.-]{1,100}$/.test(code) ? code : "no reason was given";
}
