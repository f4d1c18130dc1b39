/** The credentials that a server's environment has, and their renewal. */
import type { Environment } from "../../base/environment.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { hasDefaultProfile } from "./default-profile.ts";
import { credentialSources } from "./sources.ts";
import { serverWebIdentity, tokenFileVariable } from "./web-identity.ts";

/** Renewal in the background before the credentials end, in seconds: EC2 has new ones five minutes ahead. */
const aheadSeconds = 300;
/** Those that end sooner are not used: requests wait for new ones. In seconds. */
const leastSeconds = 30;
/** Pause after a renewal that failed, in seconds. */
const pauseSeconds = 10;

/**
 * Fetches credentials from the first source that the environment names, in the order of the SDKs: variables, AWS_PROFILE,
 * web identity, the default profile, the container's role, else the role of the EC2 instance. `region`: of STS, where
 * AWS_REGION is not set. Throws as that source.
 */
export async function detectedCredentials(env: Environment, region: string): Promise<ExpiringCredentials> {
  if (env["AWS_ACCESS_KEY_ID"]) return credentialSources["aws-environment"]({ env, asker: "server" });
  if (env["AWS_PROFILE"]) return await credentialSources["aws-profile"]({ env, asker: "server" });
  if (env[tokenFileVariable]) return await serverWebIdentity(env, region);
  if (hasDefaultProfile(env))
    return await credentialSources["aws-profile"]({ env, profile: "default", asker: "server" });
  const isContainer = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  return await credentialSources[isContainer ? "aws-container" : "aws-ec2"]({ env, asker: "server" });
}

/** Keeps credentials until they end, and renews them ahead of that in the background; all who wait share one fetch. */
export class RenewedCredentials {
  readonly #fetch: () => Promise<ExpiringCredentials>;
  readonly #now: () => number;
  #kept: ExpiringCredentials | undefined;
  #pending: Promise<ExpiringCredentials> | undefined;
  #failedAt = -Infinity;

  /** `now` in seconds since 1970. */
  constructor(fetch: () => Promise<ExpiringCredentials>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Waits only without credentials that are good. Throws as the fetch, which the next call repeats. */
  async get(): Promise<ExpiringCredentials> {
    const kept = this.#kept;
    const left = kept === undefined ? 0 : kept.expiration - this.#now();
    if (kept === undefined || left < leastSeconds) return await this.#renew();
    // A failure of the background renewal is ignored: the call that has to wait reports it.
    if (left < aheadSeconds && this.#now() - this.#failedAt >= pauseSeconds) this.#renew().catch(() => {});
    return kept;
  }

  #renew(): Promise<ExpiringCredentials> {
    this.#pending ??= this.#fetchOnce().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetchOnce(): Promise<ExpiringCredentials> {
    try {
      this.#kept = await this.#fetch();
      return this.#kept;
    } catch (error) {
      this.#failedAt = this.#now();
      throw error;
    }
  }
}
