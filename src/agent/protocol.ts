/**
 * What is said over the agent's socket: HTTP/1.1, JSON bodies, one POST or GET per question.
 * Success is status 200 with the reply type; failure is `{"error": WireError}` with status 4xx or 5xx.
 * Types and names only: the helpers load this file.
 */
import type { WireError } from "../base/errors.ts";
import type { PackageFormat } from "../base/package-format.ts";

export type { PackageFormat } from "../base/package-format.ts";

/** Raised when a reply or request changes in a way that an older side would misread; sent as the header `vouch-protocol`. */
export const protocolVersion = 1;

/** The largest body that either side accepts, in bytes. */
export const maxBodyBytes = 1 << 20;

export const routes = {
  status: "/v1/status",
  cargo: "/v1/cargo",
  token: "/v1/token",
  environment: "/v1/environment",
  match: "/v1/match",
  roleCredentials: "/v1/role-credentials",
  enrollStart: "/v1/enroll/start",
  enrollFinish: "/v1/enroll/finish",
  loginStart: "/v1/login/start",
  loginFinish: "/v1/login/finish",
  logout: "/v1/logout",
  keys: "/v1/keys",
  keyAddStart: "/v1/keys/add/start",
  keyAddFinish: "/v1/keys/add/finish",
  keyRename: "/v1/keys/rename",
  keyRemoveStart: "/v1/keys/remove/start",
  keyRemoveFinish: "/v1/keys/remove/finish",
  repositoryEndpoint: "/v1/repository-endpoint",
  stop: "/v1/stop",
} as const;

/** The package formats that Vouch configures, by CodeArtifact's names. */

export interface ErrorReply {
  error: WireError;
}

/**
 * The token for one URL. The agent answers only when the URL lies within a configured endpoint (of that format).
 * Without a URL: the token of the default repository, the one that was set up last.
 */
export interface TokenRequest {
  url?: string;
  format?: PackageFormat;
}

export interface TokenReply {
  /** The CodeArtifact authorization token. */
  token: string;
  /** When it ends: seconds since 1970. */
  expiration: number;
  /** The configured endpoint that the URL lies in. */
  endpoint: string;
}

/** A request of Cargo's credential provider protocol for a token, as Cargo sends it; more fields are passed over. */
export interface CargoRequest {
  v: 1;
  kind: "get";
  registry: { "index-url": string };
}

/** The answer as Cargo reads it. `expiration` is in seconds since 1970. */
export interface CargoReply {
  Ok: { kind: "get"; token: string; cache: "expires"; expiration: number; operation_independent: true };
}

/** The environment that gives package managers the tokens of every configured endpoint (of one format, when given). */
export interface EnvironmentRequest {
  format?: PackageFormat;
}

export interface EnvironmentReply {
  /** npm's and pip's variables, and without a format CODEARTIFACT_AUTH_TOKEN of the default repository (the last one). */
  variables: Record<string, string>;
  /** Those of twine, for a person who has set none of them; absent where there is no PyPI endpoint. */
  twine?: Record<string, string>;
  /** When the first of the tokens ends: seconds since 1970; absent when there are none. */
  expiration?: number;
  /** The endpoints whose token could not be had while others could; absent when there are none. */
  failed?: { endpoint: string; error: WireError }[];
}

/** Credentials of the configured role, or of another that trusts the same identity. */
export interface RoleCredentialsRequest {
  roleArn?: string;
  /** The region whose STS is asked. */
  region?: string;
}

export interface RoleCredentialsReply {
  accessKeyId: string;
  secretAccessKey: string;
  /** Absent for keys of an IAM user. */
  sessionToken?: string;
  /** When they end: seconds since 1970; absent for keys that do not. */
  expiration?: number;
}

/** For each URL whether it lies within a configured endpoint, and whether it is on the host of one. No session is needed. */
export interface MatchRequest {
  urls: string[];
  format?: PackageFormat;
}

export interface MatchReply {
  configured: boolean[];
  /** Whatever scheme, port and path are: a package manager sends a token wherever the host is the same. */
  onConfiguredHost: boolean[];
}

export interface StatusReply {
  version: string;
  pid: number;
  /** Seconds since 1970. */
  startedAt: number;
  /** The path of the settings file that it reads. */
  settings?: string;
  server?: string;
  /** Variables of the agent's environment about proxies and certificates; no secret is in them. */
  network?: Record<string, string>;
  /** The agent's log file, and why it cannot be written; absent when the log goes to stderr. */
  log?: { path?: string; failure?: string };
  session?: {
    user: string;
    /** Seconds since 1970. */
    expiration: number;
  };
  /** Why there is no session, when the agent had one: it ended, or the server revoked it. */
  ended?: "expired" | "revoked" | "logged_out";
  role?: { arn: string; expiration: number };
  repositories: {
    domain: string;
    domainOwner: string;
    region: string;
    repository: string;
    endpoints: Partial<Record<PackageFormat, string>>;
    /** When its token ends; absent when none has been fetched. */
    tokenExpiration?: number;
    /** Why the last fetch failed. */
    error?: WireError;
  }[];
}

export interface EnrollStartRequest {
  server: string;
  code: string;
  /** What the key is to be called: one that is taken is refused before the key is touched. */
  name?: string;
}

export interface EnrollStartReply {
  /** Names the ceremony in the finishing request. */
  ceremony: string;
  /** PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, 5.1.8). */
  options: unknown;
}

export interface EnrollFinishRequest {
  ceremony: string;
  /** RegistrationResponseJSON. */
  credential: unknown;
  /** What the user calls the key; without it the server finds a name. */
  name?: string;
  /** What the key's USB descriptor calls it. */
  product?: string;
}

export interface EnrollFinishReply {
  user: string;
  credentialId: string;
  name: string;
}

/** Without a server: that of the settings. */
export interface LoginStartRequest {
  server?: string;
}

export interface LoginStartReply {
  ceremony: string;
  /** The relying party's URL. */
  server: string;
  /** PublicKeyCredentialRequestOptionsJSON. */
  options: unknown;
}

export interface LoginFinishRequest {
  ceremony: string;
  /** AuthenticationResponseJSON. */
  credential: unknown;
}

export interface LoginFinishReply {
  user: string;
  expiration: number;
}

export interface LogoutReply {
  /** Whether there was a session. */
  wasLoggedIn: boolean;
  /** Whether the server confirmed the revocation. */
  revoked: boolean;
}

/** A security key of the session's user. */
export interface SecurityKey {
  /** The credential id, base64url. */
  id: string;
  name: string;
  aaguid: string;
  /** What its USB descriptor said when it was enrolled; null when that is not known. */
  product: string | null;
  /** Seconds since 1970. */
  createdAt: number;
  /** Seconds since 1970; null when it was never used. */
  lastUsedAt: number | null;
  transports: string[];
  backupEligible: boolean;
  backedUp: boolean;
  /** Whether it opened the session. */
  thisSession: boolean;
}

export interface KeysReply {
  /** In the order in which they were enrolled. */
  keys: SecurityKey[];
}

export interface KeyAddStartRequest {
  /** As for an enrolment. */
  name?: string;
}

export interface KeyAddStartReply extends EnrollStartReply {
  /** The relying party's URL. */
  server: string;
  /** For the assertion by an enrolled key that approves the addition: PublicKeyCredentialRequestOptionsJSON. */
  approval: unknown;
}

export interface KeyAddFinishRequest extends EnrollFinishRequest {
  /** AuthenticationResponseJSON. */
  approval: unknown;
}

export interface KeyAddFinishReply {
  key: SecurityKey;
}

export interface KeyRenameRequest {
  id: string;
  name: string;
}

export interface KeyRenameReply {
  id: string;
  name: string;
}

export interface KeyRemoveStartRequest {
  id: string;
  /** Remove the last one too. */
  force: boolean;
}

export interface KeyRemoveStartReply {
  ceremony: string;
  /** The relying party's URL. */
  server: string;
  /** For the assertion by an enrolled key that approves the removal: PublicKeyCredentialRequestOptionsJSON. */
  approval: unknown;
}

export interface KeyRemoveFinishRequest {
  ceremony: string;
  /** AuthenticationResponseJSON. */
  approval: unknown;
}

export interface KeyRemoveFinishReply {
  /** How many sessions have ended with it. */
  sessionsEnded: number;
  /** Whether the agent's own has. */
  thisSession: boolean;
}

export interface RepositoryEndpointRequest {
  domain: string;
  domainOwner: string;
  region: string;
  repository: string;
  format: PackageFormat;
}

export interface RepositoryEndpointReply {
  endpoint: string;
}
