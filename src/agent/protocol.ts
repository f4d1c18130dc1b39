/**
 * The agent's protocol: HTTP/1.1 with JSON bodies over a Unix socket, one GET or POST per connection. Success is status
 * 200 with the reply; failure is `{"error": WireError}` with status 4xx or 5xx. Paths and replies only, because helpers
 * load this file; requests.ts has the requests, which helpers import as types.
 */
import type { WireError } from "../base/errors.ts";
import { packageFormats } from "../base/package-format.ts";
import { purposes } from "../base/purpose.ts";
import {
  anyOf,
  type Check,
  type Checked,
  count,
  fields,
  flag,
  isObject,
  list,
  nullable,
  oneOf,
  optional,
  record,
  text,
  time,
  tokenVariable,
  variables,
  word,
} from "./wire/checks.ts";

/** Incremented if an older side would misread a change; sent as the header `vouch-protocol`. */
export const protocolVersion = 1;

/** Tokens and credentials. */
const secret = word;

/** The maximum body size of both sides, in bytes. */
export const maxBodyBytes = 1 << 20;

export const routes = {
  status: "/v1/status",
  timeLeft: "/v1/time-left",
  cargo: "/v1/cargo",
  token: "/v1/token",
  tokens: "/v1/tokens",
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
  sessions: "/v1/sessions",
  sessionsEnd: "/v1/sessions/end",
  publishStart: "/v1/publish/start",
  publishFinish: "/v1/publish/finish",
  publishCancel: "/v1/publish/cancel",
  fingerprints: "/v1/fingerprints",
  record: "/v1/record",
  repositoryEndpoint: "/v1/repository-endpoint",
  restart: "/v1/restart",
  stop: "/v1/stop",
} as const;

export type Route = (typeof routes)[keyof typeof routes];

/** The HTTP method: requests without a body use GET. */
export function methodOf(route: Route): "GET" | "POST" {
  return route === routes.status ? "GET" : "POST";
}

export interface ErrorReply {
  error: WireError;
}

const error = fields({ code: text, message: text, hint: optional(text) });

/** An open ceremony. */
const ceremony = {
  /** The ceremony's id in the finishing request. */
  ceremony: text,
};
const begun = {
  ...ceremony,
  /**
   * PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3, 5.1.8 and
   * 5.1.9).
   */
  options: isObject,
};
const atServer = {
  /** The relying party's URL. */
  server: text,
};
const approved = {
  ...atServer,
  /** For the assertion by an enrolled key that approves the change: PublicKeyCredentialRequestOptionsJSON. */
  approval: isObject,
};

/** A security key of the session's user. */
const securityKey = fields({
  /** The credential id, base64url. */
  id: text,
  name: text,
  aaguid: text,
  /** The product name of its USB descriptor at enrolment; null if unknown. */
  product: nullable(text),
  createdAt: time,
  /** Null if never used. */
  lastUsedAt: nullable(time),
  transports: list(text),
  backupEligible: flag,
  backedUp: flag,
  /** Whether it opened the session. */
  thisSession: flag,
});

/** Endpoints without a token, and why. */
const failed = list(fields({ endpoint: text, error }));

/** What is known of a repository's token for one purpose. */
const repositoryToken = fields({
  purpose: oneOf(...purposes),
  /** The role that it comes from, and those that lead to it. */
  roleArn: text,
  via: list(text),
  expiration: optional(time),
  /** Why the last fetch failed. */
  error: optional(error),
});

/** A live session of the session's user. */
const ownSession = fields({
  /** Names it; no secret. */
  id: text,
  createdAt: time,
  expiresAt: time,
  /** The name of the security key that opened it. */
  key: text,
  /** What its client called its machine: a claim; null if unknown. */
  client: nullable(text),
  thisSession: flag,
});

const repository = fields({
  domain: text,
  domainOwner: text,
  region: text,
  repository: text,
  endpoints: anyOf(packageFormats, text),
  /** The profile whose role leads there. */
  profile: optional(text),
  /** By purpose; absent from an agent that knows none, and without a role. */
  tokens: optional(list(repositoryToken)),
  /** When the token ends, if one has been fetched. */
  tokenExpiration: optional(time),
  /** Why the last fetch failed. */
  error: optional(error),
});

const cargoAnswer = fields({
  kind: oneOf("get"),
  token: secret,
  /** `never` for what can publish: Cargo would use a cached one for reading, too. */
  cache: oneOf("expires", "never"),
  expiration: optional(time),
  /** False for a token that is not good for every operation. */
  operation_independent: flag,
});
/** A token in Cargo's format: with an expiration if Cargo may cache it until then. */
const cargoToken = (value: unknown): value is Checked<typeof cargoAnswer> =>
  cargoAnswer(value) && (value.cache === "expires") === (value.expiration !== undefined);

/** How a session ends: by time, at the server, by `vouch logout`. */
export const endReasons = ["expired", "revoked", "logged_out"] as const;
export type EndReason = (typeof endReasons)[number];

/** What was asked of the agent, how often, and by whom. */
const recordEntry = fields({
  /** Names it for ever; absent from an agent that keeps no files. */
  id: optional(text),
  first: time,
  last: time,
  count,
  operation: text,
  target: optional(text),
  /** What the package manager said that it changes. */
  claims: list(text),
  /** "ok", or the error's code. */
  outcome: text,
  /** The asker and its ancestors, the asker first. */
  askers: list(
    fields({
      pid: count,
      name: text,
      /** RFC 3339; empty if unknown. */
      startedAt: text,
      executable: optional(text),
      /** By setting, masked. */
      arguments: optional(list(text)),
    }),
  ),
});

/** The session at one Vouch server. */
const serverSession = fields({
  server: text,
  /** The profiles that name the server; none names the default one. */
  profiles: list(text),
  user: optional(text),
  expiration: optional(time),
  /** Why there is none, if there was one. */
  ended: optional(oneOf(...endReasons)),
});

/**
 * The reply on each route; types follow from the checks. Clients check replies, because an agent of another version, or
 * another program behind the socket, may answer anything. Unknown fields are ignored.
 */
const replies = {
  [routes.status]: fields({
    version: text,
    /** As in its `vouch --version --json`. */
    build: optional(text),
    pid: count,
    startedAt: time,
    /** The path of the settings file that it reads, and why it cannot. */
    settings: optional(text),
    settingsFailure: optional(error),
    server: optional(text),
    /** Variables of the agent's environment about proxies and certificates; no secret is in them. */
    network: optional(record(text)),
    /** The agent's log file, and why it cannot be written; absent if the log goes to stderr. */
    log: optional(fields({ path: optional(text), failure: optional(text) })),
    session: optional(fields({ user: text, expiration: time })),
    /** Why there is no session, if there was one: it ended, or the server revoked it. */
    ended: optional(oneOf(...endReasons)),
    /** By server, the default one first; absent from an agent that knows one only. */
    sessions: optional(list(serverSession)),
    role: optional(fields({ arn: text, expiration: time })),
    /** How many programs have asked for something since midnight. */
    askedToday: optional(count),
    repositories: list(repository),
  }),
  /** How long the session at the default server lasts, in one word for a shell prompt. */
  [routes.timeLeft]: fields({ text: word }),
  /** The reply in Cargo's format. */
  [routes.cargo]: fields({ Ok: cargoToken }),
  [routes.token]: fields({
    /** The CodeArtifact authorization token. */
    token: secret,
    expiration: time,
    /** The configured endpoint that the URL lies in. */
    endpoint: text,
  }),
  /** The tokens of all endpoints of a format, the default one last. */
  [routes.tokens]: fields({
    endpoints: list(
      fields({
        endpoint: text,
        token: secret,
        expiration: time,
        /** The variable that the user's files name for the token. */
        variable: optional(tokenVariable),
      }),
    ),
    failed: optional(failed),
  }),
  [routes.environment]: fields({
    /**
     * Variables of npm and pip; without a format also CODEARTIFACT_AUTH_TOKEN of the default repository (the last one).
     */
    variables,
    /** Variables of twine, for users who have set none themselves; absent without a PyPI endpoint. */
    twine: optional(variables),
    /** When the first token ends; absent without tokens, and beside failures. */
    expiration: optional(time),
    /** Whether publishing needs other tokens: the first stage, which knows no such field, leaves that to the runtime. */
    hasPublishRole: optional(flag),
    /** Endpoints whose token failed while others succeeded; absent if there are none to report. */
    failed: optional(failed),
  }),
  [routes.match]: fields({
    configured: list(flag),
    /**
     * Compares the host alone, with any scheme, port and path: package managers send a token to every URL of its host.
     */
    onConfiguredHost: list(flag),
  }),
  [routes.roleCredentials]: fields({
    accessKeyId: secret,
    secretAccessKey: secret,
    /** Absent for keys of an IAM user. */
    sessionToken: optional(secret),
    /** Absent for keys that do not end. */
    expiration: optional(time),
  }),
  [routes.enrollStart]: fields(begun),
  [routes.enrollFinish]: fields({ user: text, credentialId: text, name: text }),
  [routes.loginStart]: fields({ ...begun, ...atServer }),
  [routes.loginFinish]: fields({ user: text, expiration: time }),
  [routes.logout]: fields({
    /** Whether there was a session. */
    wasLoggedIn: flag,
    /** Whether every server confirmed the revocation. */
    revoked: flag,
    /** How many sessions go on; absent from an agent that knows one only. */
    remaining: optional(count),
  }),
  /** In the order in which they were enrolled. */
  [routes.keys]: fields({ keys: list(securityKey) }),
  [routes.keyAddStart]: fields({ ...begun, ...approved }),
  [routes.keyAddFinish]: fields({ key: securityKey }),
  [routes.keyRename]: fields({ id: text, name: text }),
  [routes.keyRemoveStart]: fields({ ...ceremony, ...approved }),
  [routes.keyRemoveFinish]: fields({
    /** How many sessions ended with the key. */
    sessionsEnded: count,
    /** Whether the agent's own session is one of them. */
    thisSession: flag,
  }),
  /** The oldest first. */
  [routes.sessions]: fields({ sessions: list(ownSession) }),
  [routes.sessionsEnd]: fields({ ended: count, thisSession: flag }),
  [routes.publishStart]: fields({
    ...ceremony,
    ...approved,
    /** Who asks for what, in one sentence: the asker's claim. */
    asks: text,
  }),
  /** When what the touch has given ends. */
  [routes.publishFinish]: fields({ expiration: time }),
  [routes.publishCancel]: isObject,
  /** Who asked for what, the oldest first; how many entries are left out, because there are too many. */
  [routes.record]: fields({
    entries: list(recordEntry),
    leftOut: count,
    /** Where the record is kept if it is; how many entries no file has, and why. */
    kept: optional(fields({ folder: text, failure: optional(text), lost: count })),
  }),
  [routes.fingerprints]: fields({
    salt: text,
    /** Those of tokens that the agent has given out, and when they end. */
    known: list(fields({ fingerprint: text, expiration: time })),
  }),
  [routes.repositoryEndpoint]: fields({ endpoint: text }),
  /** It ends its session and becomes the program that is at its path now; the process id stays. */
  [routes.restart]: isObject,
  [routes.stop]: isObject,
} satisfies { [R in Route]: Check<object> };

/** The reply on a route. */
export type Reply<R extends Route> = Checked<(typeof replies)[R]>;

export type RecordEntry = Checked<typeof recordEntry>;
export type ServerSession = Checked<typeof serverSession>;
export type OwnSession = Checked<typeof ownSession>;
export type SecurityKey = Checked<typeof securityKey>;
export type StatusReply = Reply<typeof routes.status>;
export type CargoReply = Reply<typeof routes.cargo>;
export type TokenReply = Reply<typeof routes.token>;
export type TokensReply = Reply<typeof routes.tokens>;
export type EnvironmentReply = Reply<typeof routes.environment>;
export type MatchReply = Reply<typeof routes.match>;

/** Whether the value is a reply to a question on that route. */
export function isReply<R extends Route>(route: R, value: unknown): value is Reply<R> {
  return replies[route](value);
}
