/**
 * Table of the AWS credential sources whose credentials are used as they are. As with the platforms in src/ci, a job uses
 * a source only if it was selected by name; a server, the one that its environment names.
 */
import { containerCredentials } from "./container.ts";
import { environmentCredentials } from "./environment.ts";
import { instanceCredentials } from "./instance.ts";
import { profileCredentials } from "./profile.ts";
import type { CredentialSource } from "./source.ts";

export const credentialSources = {
  "aws-environment": environmentCredentials,
  "aws-container": containerCredentials,
  "aws-ec2": instanceCredentials,
  "aws-profile": profileCredentials,
} satisfies Record<string, CredentialSource>;
