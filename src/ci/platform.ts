/** Interface: a CI platform that gives a job an ID token. */
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
