/**
 * The platforms whose ID tokens AWS can be told to trust. One is used only when it was chosen by name: that a variable
 * is there chooses nothing.
 */
import { bitbucket, circleci, gitlab, webIdentityFile } from "./given-token.ts";
import { buildkite } from "./buildkite.ts";
import { githubActions } from "./github-actions.ts";
import type { PlatformIdToken } from "./id-token.ts";

export interface PlatformRequest {
  env: Record<string, string | undefined>;
  /** The audience to ask for, where the platform lets the job choose; `sts.amazonaws.com` without it. */
  audience?: string | undefined;
  /** The variable that holds the token, where the job's own file names it. */
  idTokenVariable?: string | undefined;
  /** The wall clock: milliseconds since 1970. */
  now: () => number;
  signal?: AbortSignal | undefined;
}

export interface Platform {
  /** Which of the request's options mean something to it. */
  takes: readonly ("audience" | "idTokenVariable")[];
  /**
   * A token of the job. Throws `identity_unavailable` with what is missing and how a job gets it, `network`, `timeout`,
   * `cancelled`.
   */
  idToken(request: PlatformRequest): Promise<PlatformIdToken>;
}

export const platforms: Readonly<Record<string, Platform>> = {
  "github-actions": githubActions,
  gitlab,
  circleci,
  buildkite,
  bitbucket,
  "web-identity-file": webIdentityFile,
};
