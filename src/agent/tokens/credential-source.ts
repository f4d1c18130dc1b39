/** What the chain of tokens.ts begins with: whoever can give AWS credentials, and for how long what follows may last. */
import type { Asker } from "../../aws/errors.ts";
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Role } from "./role.ts";

export interface CredentialSource {
  /** Aborted when nothing that came from it may be used any more: what runs for it stops. */
  readonly signal?: AbortSignal | undefined;
  /** When all that came from it has ended, whatever AWS says: seconds since 1970; Infinity when AWS alone says. */
  readonly expiration: number;
  /** Whom AWS's refusals are explained to. */
  readonly asker: Asker;
  /** Throws when it has ended. */
  check(): void;
  /** Whether what ends soon is worth fetching anew while it is still given out. */
  mayRenew(): boolean;
  /** The role that its credentials are of; undefined when they are used as they are. Throws `settings_missing`. */
  role(domain: { region: string } | undefined, settings: Settings): Role | undefined;
  /** Fresh credentials. Throws what its steps throw. */
  fetch(role: Role | undefined): Promise<ExpiringCredentials>;
  /** For how long to ask CodeArtifact for a token, in seconds; 0: as long as the credentials last. */
  tokenSeconds(credentials: ExpiringCredentials): number;
}

/** The shortest duration that STS and CodeArtifact accept, and the longest, in seconds. */
export const minDurationSeconds = 900;
export const maxDurationSeconds = 43_200;
