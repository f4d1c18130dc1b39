/**
 * Table of the CI platforms with ID tokens that AWS can trust. A platform is used only if it was selected by name,
 * never because of a variable.
 */
import { buildkite } from "./buildkite.ts";
import { githubActions } from "./github-actions.ts";
import { bitbucket, circleci, gitlab, webIdentityFile } from "./given-token.ts";
import type { Platform } from "./platform.ts";

export const platforms: Readonly<Record<string, Platform>> = {
  "github-actions": githubActions,
  gitlab,
  circleci,
  buildkite,
  bitbucket,
  "web-identity-file": webIdentityFile,
};
