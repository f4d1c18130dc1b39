/**
 * The agent's protocol: HTTP/1.1 with JSON bodies over a Unix socket, one GET or POST per connection. Success is status
 * 200 with the reply; failure is `{"error": WireError}` with status 4xx or 5xx. Paths and replies only, because helpers
 * load this file; requests.ts has the requests, which helpers import as types.
 */
import type { WireError } from "../base/errors.ts";
import {
  type Check,
  type Checked,
  count,
  fields,
  flag,
  isObject,
  list,
  oneOf,
  optional,
  record,
  text,
  time,
  tokenVariable,
  variables,
  word,
} from "./wire/checks.ts";
import {
  approved,
  atServer,
  begun,
  cargoToken,
  ceremony,
  endReasons,
  error,
  failed,
  guest,
  listing,
  ownSession,
  recordEntry,
  repository,
  secret,
  securityKey,
  serverSession,
} from "./wire/reply-parts.ts";

/** Incremented if an older side would misread a change; sent as the header `vouch-protocol`. */
export const protocolVersion = 1;

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
  enrollWays: "/v1/enroll/ways",
  enrollStart: "/v1/enroll/start",
  enrollFinish: "/v1/enroll/finish",
  loginStart: "/v1/login/start",
  loginFinish: "/v1/login/finish",
  loginBrowserStart: "/v1/login/browser/start",
  loginBrowserFinish: "/v1/login/browser/finish",
  logout: "/v1/logout",
  keys: "/v1/keys",
  keyAddStart: "/v1/keys/add/start",
  keyAddFinish: "/v1/keys/add/finish",
  keyRenameStart: "/v1/keys/rename/start",
  keyRenameFinish: "/v1/keys/rename/finish",
  keyRemoveStart: "/v1/keys/remove/start",
  keyRemoveFinish: "/v1/keys/remove/finish",
  announced: "/v1/announced",
  sessions: "/v1/sessions",
  sessionsEnd: "/v1/sessions/end",
  publishStart: "/v1/publish/start",
  publishFinish: "/v1/publish/finish",
  publishCancel: "/v1/publish/cancel",
  fingerprints: "/v1/fingerprints",
  record: "/v1/record",
  guests: "/v1/guests",
  guestOpen: "/v1/guests/open",
  guestClose: "/v1/guests/close",
  repositoryEndpoint: "/v1/repository-endpoint",
  domains: "/v1/domains",
  repositories: "/v1/repositories",
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
    /** To a guest: what it is called, and whether it gets credentials of roles. */
    guest: optional(fields({ name: text, credentials: flag })),
    /** How many programs have asked for something since midnight. */
    askedToday: optional(count),
    /** What ends a session before its time, and why it is not noticed, or not in time. */
    endOn: optional(list(fields({ on: text, failure: optional(text) }))),
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
  /** By which page people get a code, and the name of the identity provider that it asks. */
  [routes.enrollWays]: fields({
    singleSignOn: optional(fields({ name: text, page: text })),
    /** Whether the server announces, after the login, what laptops use. */
    announces: optional(flag),
  }),
  [routes.enrollStart]: fields(begun),
  [routes.enrollFinish]: fields({ user: text, credentialId: text, name: text }),
  [routes.loginStart]: fields({ ...begun, ...atServer }),
  [routes.loginFinish]: fields({ user: text, expiration: time }),
  /** Where the browser goes, and what comes back with the code unless it is typed. No secret is in it. */
  [routes.loginBrowserStart]: fields({ ...ceremony, ...atServer, url: text, state: optional(text) }),
  [routes.loginBrowserFinish]: fields({ user: text, expiration: time }),
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
  [routes.keyRenameStart]: fields({ ...ceremony, ...approved }),
  [routes.keyRenameFinish]: fields({ id: text, name: text }),
  [routes.keyRemoveStart]: fields({ ...ceremony, ...approved }),
  [routes.keyRemoveFinish]: fields({
    /** How many sessions ended with the key. */
    sessionsEnded: count,
    /** Whether the agent's own session is one of them. */
    thisSession: flag,
  }),
  /** What the default server, with this URL, announces: to be parsed by its schema; absent if it is too old. */
  [routes.announced]: fields({ server: text, announced: optional(isObject) }),
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
  [routes.guests]: fields({ guests: list(guest) }),
  /** The folder of its socket. */
  [routes.guestOpen]: fields({ folder: text }),
  [routes.guestClose]: fields({ closed: flag }),
  [routes.fingerprints]: fields({
    salt: text,
    /** Those of tokens that the agent has given out, and when they end. */
    known: list(fields({ fingerprint: text, expiration: time })),
  }),
  [routes.repositoryEndpoint]: fields({ endpoint: text }),
  /** By name; `isCut`: AWS has more. `refused`: why the role may not list them. */
  [routes.domains]: fields({ domains: list(fields({ name: text, owner: text })), ...listing }),
  [routes.repositories]: fields({ repositories: list(fields({ name: text, description: text })), ...listing }),
  /** It ends its session and becomes the program that is at its path now; the process id stays. */
  [routes.restart]: isObject,
  [routes.stop]: isObject,
} satisfies { [R in Route]: Check<object> };

/** The reply on a route. */
export type Reply<R extends Route> = Checked<(typeof replies)[R]>;

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
