/**
 * Table of the AWS credential sources whose credentials are used as they are. As with the platforms in src/ci, a source
 * is used only if it was selected by name.
 */
import type { Environment } from "../../base/environment.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { containerCredentials } from "./container.ts";
import { environmentCredentials } from "./environment.ts";
import { instanceCredentials } from "./instance.ts";
import { profileCredentials } from "./profile.ts";

export interface CredentialSourceRequest {
  env: Environment;
  /** The AWS CLI profile for `aws-profile`; default: AWS_PROFILE. */
  profile?: string | undefined;
  signal?: AbortSignal | undefined;
}

type Fetch = (request: CredentialSourceRequest) => ExpiringCredentials | Promise<ExpiringCredentials>;

export const credentialSources: Readonly<Record<string, Fetch>> = {
  "aws-environment": ({ env }) => environmentCredentials(env),
  "aws-container": ({ env, signal }) => containerCredentials(env, signal),
  "aws-ec2": ({ env, signal }) => instanceCredentials(env, signal),
  "aws-profile": ({ env, profile, signal }) => profileCredentials(profile, env, signal),
};
