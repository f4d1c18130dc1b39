/**
 * The shape of every reply of the agent, checked by whoever asks: an agent of another version, or something else behind
 * the socket, may answer anything. By hand, because helpers load this file and a schema library costs more than they do.
 */
import type * as protocol from "../protocol.ts";
import { routes } from "../protocol.ts";

type Route = (typeof routes)[keyof typeof routes];
type Check = (value: unknown) => boolean;
/** A check for each field that the type has. */
type Fields<Reply> = { [Name in keyof Required<Reply>]: Check };

/** The last second of the year 9999, which dates and package managers can still write down. */
const lastSecond = 253_402_300_799;

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";

const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const time: Check = (value) => count(value) && (value as number) <= lastSecond;
/** What goes into header fields and variables: printable ASCII without blanks. */
const secret: Check = (value) => text(value) && /^[!-~]{1,65536}$/.test(value as string);
const literal =
  (expected: unknown): Check =>
  (value) =>
    value === expected;
const either =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const optional = (check: Check): Check => either(literal(undefined), check);
const nullable = (check: Check): Check => either(literal(null), check);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);

function fields<Reply>(shape: Fields<Reply>): Check {
  const checks = Object.entries<Check>(shape);
  return (value) => isObject(value) && checks.every(([name, check]) => check(own(value, name)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** No NUL, which would end it, and no line end. */
const variable: Check = (value) => text(value) && !/[\0\r\n]/.test(value as string);
const variables: Check = (value) => record(variable)(value) && areTokenVariables(value as object);

/**
 * Whether the object has no names but those of the variables through which package managers take a token: whoever answers,
 * `LD_PRELOAD`, `PATH` or `NODE_OPTIONS` do not come from there. As in helper/quick/agent.ts.
 */
export function areTokenVariables(values: object): boolean {
  return Object.keys(values).every((name) =>
    /^(?:npm_config_\/\/[!-<>-~]+\/:_authToken|PIP_INDEX_URL|CODEARTIFACT_AUTH_TOKEN|TWINE_(?:USERNAME|PASSWORD|REPOSITORY_URL))$/.test(
      name,
    ),
  );
}

const error = fields({ code: text, message: text, hint: optional(text) });

const securityKey = fields<protocol.SecurityKey>({
  id: text,
  name: text,
  aaguid: text,
  product: nullable(text),
  createdAt: time,
  lastUsedAt: nullable(time),
  transports: list(text),
  backupEligible: flag,
  backedUp: flag,
  thisSession: flag,
});

const repository = fields<protocol.StatusReply["repositories"][number]>({
  domain: text,
  domainOwner: text,
  region: text,
  repository: text,
  endpoints: record(text),
  tokenExpiration: optional(time),
  error: optional(error),
});

const shapes: Record<Route, Check> = {
  [routes.status]: fields<protocol.StatusReply>({
    version: text,
    pid: count,
    startedAt: time,
    settings: optional(text),
    server: optional(text),
    network: optional(record(text)),
    log: optional(fields({ path: optional(text), failure: optional(text) })),
    session: optional(fields({ user: text, expiration: time })),
    ended: optional(either(literal("expired"), literal("revoked"), literal("logged_out"))),
    role: optional(fields({ arn: text, expiration: time })),
    repositories: list(repository),
  }),
  [routes.cargo]: fields<protocol.CargoReply>({
    Ok: fields<protocol.CargoReply["Ok"]>({
      kind: literal("get"),
      token: secret,
      cache: literal("expires"),
      expiration: time,
      operation_independent: literal(true),
    }),
  }),
  [routes.token]: fields<protocol.TokenReply>({ token: secret, expiration: time, endpoint: text }),
  [routes.environment]: fields<protocol.EnvironmentReply>({
    variables,
    twine: optional(variables),
    expiration: optional(time),
    failed: optional(list(fields({ endpoint: text, error }))),
  }),
  [routes.match]: fields<protocol.MatchReply>({ configured: list(flag), onConfiguredHost: list(flag) }),
  [routes.roleCredentials]: fields<protocol.RoleCredentialsReply>({
    accessKeyId: secret,
    secretAccessKey: secret,
    sessionToken: optional(secret),
    expiration: optional(time),
  }),
  [routes.enrollStart]: fields<protocol.EnrollStartReply>({ ceremony: text, options: isObject }),
  [routes.enrollFinish]: fields<protocol.EnrollFinishReply>({ user: text, credentialId: text, name: text }),
  [routes.loginStart]: fields<protocol.LoginStartReply>({ ceremony: text, server: text, options: isObject }),
  [routes.loginFinish]: fields<protocol.LoginFinishReply>({ user: text, expiration: time }),
  [routes.logout]: fields<protocol.LogoutReply>({ wasLoggedIn: flag, revoked: flag }),
  [routes.keys]: fields<protocol.KeysReply>({ keys: list(securityKey) }),
  [routes.keyAddStart]: fields<protocol.KeyAddStartReply>({
    ceremony: text,
    server: text,
    options: isObject,
    approval: isObject,
  }),
  [routes.keyAddFinish]: fields<protocol.KeyAddFinishReply>({ key: securityKey }),
  [routes.keyRename]: fields<protocol.KeyRenameReply>({ id: text, name: text }),
  [routes.keyRemoveStart]: fields<protocol.KeyRemoveStartReply>({ ceremony: text, server: text, approval: isObject }),
  [routes.keyRemoveFinish]: fields<protocol.KeyRemoveFinishReply>({ sessionsEnded: count, thisSession: flag }),
  [routes.repositoryEndpoint]: fields<protocol.RepositoryEndpointReply>({ endpoint: text }),
  [routes.stop]: isObject,
};

/** Whether the value is a reply to a question on that route. Fields that this version does not know are passed over. */
export function isReply(route: Route, value: unknown): boolean {
  return shapes[route](value);
}
