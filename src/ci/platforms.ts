/**
 * The platforms whose ID tokens AWS can be told to trust. One is used only when it was chosen by name: that a variable
 * is there chooses nothing.
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
