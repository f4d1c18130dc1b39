/** What a source of AWS credentials is. */
import type { Environment } from "../../base/environment.ts";
import type { Asker } from "../error-words.ts";
import type { ExpiringCredentials } from "../sigv4.ts";

export interface CredentialSourceRequest {
  env: Environment;
  /** The AWS CLI profile for `aws-profile`; default: AWS_PROFILE. */
  profile?: string | undefined;
  /** Who asks, for the words of errors: a job that chose the source by name, or a server. Default: a job. */
  asker?: Exclude<Asker, "person">;
  signal?: AbortSignal | undefined;
}

export type CredentialSource = (request: CredentialSourceRequest) => ExpiringCredentials | Promise<ExpiringCredentials>;

/** What a server without credentials is told. */
export const serverSources =
  "Give the server a role: that of its container or EC2 instance, AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, or AWS_PROFILE.";
