/** Interface: a CI platform that gives a job an ID token. */
import type { Environment } from "../base/environment.ts";
import type { PlatformIdToken } from "./id-token.ts";

export interface PlatformRequest {
  env: Environment;
  /** The requested audience, if the platform lets the job choose it; default `sts.amazonaws.com`. */
  audience?: string | undefined;
  /** Name of the variable with the token, if the job's configuration chooses it. */
  idTokenVariable?: string | undefined;
  /** The wall clock: milliseconds since 1970. */
  now: () => number;
  signal?: AbortSignal | undefined;
}

export interface Platform {
  /** The options that the platform supports. */
  takes: readonly ("audience" | "idTokenVariable")[];
  /**
   * Fetches or reads the job's ID token. Throws `identity_unavailable` with what is missing and how a job gets it,
   * `network`, `timeout`, `cancelled`.
   */
  idToken(request: PlatformRequest): Promise<PlatformIdToken>;
}
