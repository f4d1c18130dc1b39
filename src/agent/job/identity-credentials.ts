/**
 * AWS credentials of an identity that was chosen by name: a CI platform's ID token exchanged with STS for the role's
 * credentials, or credentials that AWS gives the machine, used directly.
 */
import type { Environment } from "../../base/environment.ts";
import type { Asker } from "../../aws/error-words.ts";
import type { CredentialSource as AwsSource } from "../../aws/credentials/source.ts";
import { credentialSources } from "../../aws/credentials/sources.ts";
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import { roleSessionName } from "../../aws/names.ts";
import { assumeRole, assumeRoleWithWebIdentity } from "../../aws/sts.ts";
import type { Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import type { Platform } from "../../ci/platform.ts";
import { platforms } from "../../ci/platforms.ts";
import type { Clock } from "../../base/clock.ts";
import type { CredentialSource, SourceRole } from "../tokens/credential-source.ts";
import type { Purpose } from "../../base/purpose.ts";
import { type Place, type Role, roleFor } from "../../settings/roles.ts";

/** An identity and its options, from flags, variables or settings. */
export type Identity = NonNullable<Settings["identity"]>;

/** Role sessions are requested for at most eight hours, like a person's. A role with a lower maximum gives one hour. */
const roleSessionSeconds = 8 * 3600;

/** Every name that can be chosen. */
export const identityNames: readonly string[] = [...Object.keys(platforms), ...Object.keys(credentialSources)];

const options = {
  audience: "--audience (VOUCH_AUDIENCE)",
  idTokenVariable: "--id-token-variable (VOUCH_ID_TOKEN_VARIABLE)",
  profile: "--profile (VOUCH_AWS_PROFILE)",
} as const;

export class IdentityCredentials implements CredentialSource {
  readonly expiration = Infinity;
  readonly asker: Asker = "job";
  readonly #identity: Identity;
  readonly #clock: Clock;
  readonly #env: Environment;
  /** The subject of the last ID token. */
  #subject = "";

  /** Throws `usage` for an unknown name, and for an option that the identity does not use. */
  constructor(identity: Identity, clock: Clock, env: Environment) {
    const { name } = identity;
    if (!identityNames.includes(name)) {
      throw new VouchError("usage", `There is no identity "${name}".`, {
        hint: `The identities are ${identityNames.join(", ")}.`,
      });
    }
    const takes: readonly string[] = platformOf(name)?.takes ?? (name === "aws-profile" ? ["profile"] : []);
    for (const [option, spelling] of Object.entries(options)) {
      if (identity[option as keyof typeof options] === undefined || takes.includes(option)) continue;
      throw new VouchError("usage", `The identity ${name} does not take ${spelling}.`, {
        hint: "See `vouch exec --help`.",
      });
    }
    this.#identity = identity;
    this.#clock = clock;
    this.#env = env;
  }

  check(): void {
    // Nothing to abort: a job ends by itself, and AWS ends its credentials.
  }

  /** No background renewal: a helper ends before the result arrives. */
  mayRenew(): boolean {
    return false;
  }

  /** Undefined if AWS gives the credentials itself. Throws `settings_missing`. */
  role(place: Place | undefined, settings: Settings, purpose?: Purpose): Role | undefined {
    if (platformOf(this.#identity.name) === undefined) return undefined;
    if (settings.aws ?? place?.roleArn ?? place?.profile) return roleFor(place, settings, purpose);
    throw new VouchError("settings_missing", `The identity ${this.#identity.name} needs a role to assume.`, {
      hint: "Give `--role ARN`, or set VOUCH_ROLE or AWS_ROLE_ARN.",
    });
  }

  async fetch(role: Role | undefined, identified: () => void): Promise<ExpiringCredentials> {
    const { name, profile, ...asked } = this.#identity;
    const platform = platformOf(name);
    if (platform === undefined || role === undefined) return await awsSource(name)({ env: this.#env, profile });
    const { token, subject } = await platform.idToken({ ...asked, env: this.#env, now: () => this.#clock.now() });
    identified();
    this.#subject = subject;
    return assumeRoleWithWebIdentity({ ...this.#request(role), webIdentityToken: token });
  }

  async chain(role: Role, { arn, credentials }: SourceRole): Promise<ExpiringCredentials> {
    return assumeRole({ ...this.#request(role), sourceRoleArn: arn, credentials });
  }

  forgetFailures(): void {
    // None is held: each try asks anew.
  }

  #request({ arn, region }: Role) {
    return {
      roleArn: arn,
      region,
      sessionName: roleSessionName(this.#env["AWS_ROLE_SESSION_NAME"] || this.#subject),
      durationSeconds: roleSessionSeconds,
      env: this.#env,
      asker: this.asker,
    };
  }

  /** As long as the credentials last; for keys without an end, as long as a person's session. */
  tokenSeconds({ expiration }: ExpiringCredentials): number {
    return expiration === Infinity ? roleSessionSeconds : 0;
  }
}

/** The constructor has checked the name. */
function awsSource(name: string): AwsSource {
  return credentialSources[name as keyof typeof credentialSources];
}

function platformOf(name: string): Platform | undefined {
  return Object.hasOwn(platforms, name) ? platforms[name] : undefined;
}
