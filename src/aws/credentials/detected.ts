/** The credentials that a server's environment has, and their renewal. */
import type { Environment } from "../../base/environment.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { containerCredentials } from "./container.ts";
import { environmentCredentials } from "./environment.ts";
import { instanceCredentials } from "./instance.ts";
import { profileCredentials } from "./profile.ts";

/** Renewal before the credentials end, in seconds. */
const aheadSeconds = 300;

/**
 * Fetches credentials from the first source that the environment names, in the order of the SDKs: variables, AWS_PROFILE,
 * the container's role, else the role of the EC2 instance. Throws as that source.
 */
export async function detectedCredentials(env: Environment, signal?: AbortSignal): Promise<ExpiringCredentials> {
  if (env["AWS_ACCESS_KEY_ID"]) return environmentCredentials(env);
  if (env["AWS_PROFILE"]) return await profileCredentials(undefined, env, signal);
  if (env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) {
    return await containerCredentials(env, signal);
  }
  return await instanceCredentials(env, signal);
}

/** Keeps credentials until shortly before they end; those who ask meanwhile wait for one fetch. */
export class RenewedCredentials {
  readonly #fetch: () => Promise<ExpiringCredentials>;
  readonly #now: () => number;
  #kept: ExpiringCredentials | undefined;
  #pending: Promise<ExpiringCredentials> | undefined;

  /** `now` in seconds since 1970. */
  constructor(fetch: () => Promise<ExpiringCredentials>, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Throws as the fetch, which the next call repeats. */
  async get(): Promise<ExpiringCredentials> {
    if (this.#kept !== undefined && this.#kept.expiration - aheadSeconds > this.#now()) return this.#kept;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return await this.#pending;
  }

  async #renew(): Promise<ExpiringCredentials> {
    this.#kept = await this.#fetch();
    return this.#kept;
  }
}
