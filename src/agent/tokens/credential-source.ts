/** Interface: a source of AWS credentials and the lifetime limit it imposes. */
import type { Asker } from "../../aws/error-words.ts";
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import type { Purpose } from "../../base/purpose.ts";
import type { Place, Role } from "../../settings/roles.ts";
import type { Settings } from "../../settings/settings.ts";

/** The credentials of a role that leads to the next one. */
export interface SourceRole {
  arn: string;
  credentials: ExpiringCredentials;
}

export interface CredentialSource {
  /** Aborted when nothing derived from the source may be used any more. */
  readonly signal?: AbortSignal | undefined;
  /** When everything derived from it ends at the latest: seconds since 1970; Infinity if only AWS limits it. */
  readonly expiration: number;
  /** Audience of error hints. */
  readonly asker: Asker;
  /** Throws if it has ended. */
  check(): void;
  /** Whether values that end soon are renewed in the background while they are still served. */
  mayRenew(): boolean;
  /** The role of its credentials; undefined if they are used directly. Throws `settings_missing`. */
  role(place: Place | undefined, settings: Settings, purpose?: Purpose): Role | undefined;
  /**
   * Fetches new credentials by the source's own identity; calls `identified` once that has been proved and only AWS is
   * still to answer. Throws the errors of its steps.
   */
  fetch(role: Role | undefined, identified: () => void): Promise<ExpiringCredentials>;
  /** Fetches new credentials by those of another role. Throws the errors of its step. */
  chain(role: Role, from: SourceRole): Promise<ExpiringCredentials>;
  /** Forgets failures that are held in place of a new try. */
  forgetFailures(): void;
  /** The duration to request for a CodeArtifact token, in seconds; 0: as long as the credentials last. */
  tokenSeconds(credentials: ExpiringCredentials): number;
}

/** The shortest duration that STS and CodeArtifact accept, and the longest, in seconds. */
export const minDurationSeconds = 900;
export const maxDurationSeconds = 43_200;
