/** Every setting of the server. Flags, variables, keys of the file, help, documentation and the commented file are made from it. */
import { homedir } from "node:os";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { parseReplica } from "../audit/operator.ts";
import { parseRetention } from "../audit/retention.ts";
import { defaultRateLimits, defaultSubjectLimits } from "../http/rate-limit.ts";
import { parseServerUrl } from "../http/url.ts";
import { parseSessionDuration } from "../oauth/session-duration.ts";
import { parseRotateEvery } from "../signing/life-cycle.ts";
import { hasPassword, isPostgresUrl } from "../store/postgres/address.ts";
import { parseListen } from "./listen.ts";
import { pagesSettings } from "./table-pages.ts";
import { awsSettings } from "./table-aws.ts";
import { absolutePath, optional, required, type Setting, shortDuration, toggle, wholeNumber } from "./setting.ts";
import { attestationSettings } from "./table-attestation.ts";
import { ssoTable } from "./table-sso.ts";

const asItIs = (text: string) => text;
const maxRequests = 1_000_000;
const defaultLimits = { ...defaultRateLimits, ...defaultSubjectLimits };

export const settingsTable = {
  url: optional({
    variable: "VOUCH_SERVER_URL",
    type: "string",
    valueHint: "https://HOST",
    about: "The URL of the server, when `vouch server init` has not fixed it yet.",
    example: "https://vouch.example.com",
    parse: parseServerUrl,
  }),
  listen: required({
    variable: "VOUCH_SERVER_LISTEN",
    type: "string",
    valueHint: "HOST:PORT",
    about: "The address to listen on; port 0 takes a free one.",
    default: "127.0.0.1:8787",
    parse: (text) => parseListen(text, "listen"),
  }),
  "tls-cert": optional({
    variable: "VOUCH_SERVER_TLS_CERT",
    type: "string",
    valueHint: "FILE",
    about: "The certificate chain, a PEM file. SIGHUP makes the server read it and its key again.",
    example: "/etc/vouch/cert.pem",
    parse: asItIs,
    checkInFile: absolutePath,
  }),
  "tls-key": optional({
    variable: "VOUCH_SERVER_TLS_KEY",
    type: "string",
    valueHint: "FILE",
    about: "The private key of the certificate, a PEM file.",
    example: "/etc/vouch/key.pem",
    parse: asItIs,
    checkInFile: absolutePath,
  }),
  "trust-proxy": toggle(
    "VOUCH_SERVER_TRUST_PROXY",
    "Take clients' addresses from X-Forwarded-For, which the proxy in front must set.",
  ),
  database: required({
    variable: "VOUCH_DATABASE",
    type: "string",
    valueHint: "URL",
    about: "Where the server keeps its data: sqlite:PATH or postgres://USER@HOST/NAME.",
    default: () => `sqlite:${join(stateFolder(), "vouch", "server.db")}`,
    defaultText: "sqlite:~/.local/state/vouch/server.db",
    example: "sqlite:/var/lib/vouch-server/server.db",
    parse: asItIs,
    checkFlag: (text) =>
      refusePassword(text, "A password on the command line can be read by every process of this machine."),
    checkInFile: (text) => {
      refusePassword(text, "A password in the configuration file goes wherever the file is copied to.");
      if (isPostgresUrl(text) || /^sqlite:(?:\/\/)?\//.test(text)) return;
      throw new VouchError("usage", "Expected sqlite: with an absolute path, or postgres://USER@HOST/NAME.");
    },
  }),
  "database-password-file": optional({
    variable: "VOUCH_DATABASE_PASSWORD_FILE",
    type: "string",
    valueHint: "FILE",
    about: "A file with the password of the PostgreSQL database, and nothing else but a line end.",
    example: "/run/credentials/vouch-server.service/database-password",
    parse: asItIs,
    checkInFile: absolutePath,
  }),
  "key-encryption-key": optional({
    variable: "VOUCH_KEY_ENCRYPTION_KEY",
    type: "string",
    valueHint: "file:PATH|env:NAME|credential:NAME|aws-kms:KEY-ARN",
    about:
      "Where the key is that signing keys are encrypted under: 32 random bytes in base64, or a symmetric key of AWS KMS. Without one they lie in the database in clear text.",
    example: "credential:kek",
    parse: asItIs,
    checkInFile: (text) => {
      if (/^(file:\/|env:|credential:|aws-kms:)./.test(text)) return;
      // Not repeated: it may be the key itself.
      throw new VouchError(
        "usage",
        "Expected file: with an absolute path, env:NAME, credential:NAME or aws-kms:KEY-ARN.",
      );
    },
  }),
  "session-duration": required({
    variable: "VOUCH_SERVER_SESSION_DURATION",
    type: "string",
    valueHint: "DURATION",
    about: "How long a login lasts, at most 8h (like 8h, 90m, 300s).",
    default: "8h",
    parse: parseSessionDuration,
  }),
  "publish-verification": required({
    variable: "VOUCH_SERVER_PUBLISH_VERIFICATION",
    type: "string",
    valueHint: "touch|pin",
    about:
      "What publishing needs besides the session, where a repository has a role for it: a touch of the security key, or also its PIN (or finger).",
    default: "touch",
    parse: parseVerification,
  }),
  "dpop-nonce": required({
    variable: "VOUCH_SERVER_DPOP_NONCE",
    type: "string",
    valueHint: "optional|required",
    about:
      "Whether each proof of a session's key must have a nonce of the server, at most five minutes old, so that none can be made for later. Older vouch clients send none.",
    default: "optional",
    parse: parseNonceUse,
  }),
  ...pagesSettings,
  ...awsSettings,
  "rotate-every": optional({
    variable: "VOUCH_SERVER_ROTATE_EVERY",
    type: "string",
    valueHint: "DAYS",
    about:
      "Make a new signing key so often (like 90d, at least 2d); of several replicas one does. Without it only `vouch server signing-keys rotate` does.",
    example: "90d",
    parse: parseRotateEvery,
  }),
  "allow-synced-passkeys": toggle(
    "VOUCH_SERVER_ALLOW_SYNCED_PASSKEYS",
    "Accept passkeys that their provider copies from device to device, which are refused otherwise.",
  ),
  ...attestationSettings,
  "audit-retention": optional({
    variable: "VOUCH_SERVER_AUDIT_RETENTION",
    type: "string",
    valueHint: "DAYS",
    about: "Remove entries of the audit log that are older (like 400d). Without it they stay.",
    example: "400d",
    parse: parseRetention,
  }),
  "audit-log": optional({
    variable: "VOUCH_SERVER_AUDIT_LOG",
    type: "string",
    valueHint: "FILE",
    about:
      "Write each entry of the audit log as a line of JSON to this file too, which SIGHUP opens anew; - is stdout.",
    example: "/var/log/vouch-server/audit.jsonl",
    parse: asItIs,
    checkInFile: (text) => {
      if (text !== "-") absolutePath(text);
    },
  }),
  replica: optional({
    variable: "VOUCH_SERVER_REPLICA",
    type: "string",
    valueHint: "NAME",
    about: "The name of this server in the audit log, unlike that of others. Without it the machine's and the port.",
    example: "vouch-1",
    parse: parseReplica,
  }),
  "drain-time": required({
    variable: "VOUCH_SERVER_DRAIN_TIME",
    type: "string",
    valueHint: "DURATION",
    about:
      "After SIGTERM answer for so long as before while /readyz says 503, so that a load balancer sends requests elsewhere (like 10s, at most 600s).",
    default: "0s",
    parse: shortDuration("drain-time", 600),
  }),
  "stop-time": required({
    variable: "VOUCH_SERVER_STOP_TIME",
    type: "string",
    valueHint: "DURATION",
    about: "After that wait for requests that are under way, at most for so long.",
    default: "10s",
    parse: shortDuration("stop-time", 600),
  }),
  "metrics-listen": optional({
    variable: "VOUCH_SERVER_METRICS_LISTEN",
    type: "string",
    valueHint: "HOST:PORT",
    about:
      "Answer /metrics there (OpenMetrics, plain HTTP, to everybody who reaches it: an address of this machine or of a private network).",
    example: "127.0.0.1:9464",
    parse: (text) => parseListen(text, "metrics-listen"),
  }),
  ...ssoTable,
  "enroll-limit": limit(
    "enroll",
    "VOUCH_SERVER_ENROLL_LIMIT",
    "Requests of enrolment, for each client address in a minute.",
  ),
  "login-limit": limit(
    "login",
    "VOUCH_SERVER_LOGIN_LIMIT",
    "Requests that begin a login, for each client address in a minute.",
  ),
  "token-limit": limit(
    "token",
    "VOUCH_SERVER_TOKEN_LIMIT",
    "All other requests that use the database, for each client address in a minute.",
  ),
  "scim-limit": limit("scim", "VOUCH_SERVER_SCIM_LIMIT", "Requests of SCIM, for each client address in a minute."),
  "person-limit": limit(
    "person",
    "VOUCH_SERVER_PERSON_LIMIT",
    "Requests in the name of one person in a minute, from all addresses.",
  ),
  "credential-limit": limit(
    "credential",
    "VOUCH_SERVER_CREDENTIAL_LIMIT",
    "Touches of one security key in a minute: logins, changes of keys, publishing.",
  ),
};

export type SettingName = keyof typeof settingsTable;

/** The values of all settings, parsed. */
export type Settings = { [Name in SettingName]: ReturnType<(typeof settingsTable)[Name]["parse"]> };

export const settingNames = Object.keys(settingsTable) as SettingName[];

/** A setting without the type of its value. */
export function settingNamed(name: SettingName): Setting<unknown> {
  return settingsTable[name];
}

function limit(kind: keyof typeof defaultLimits, variable: string, about: string): Setting<number> {
  return required({
    variable,
    type: "number",
    valueHint: "NUMBER",
    about,
    default: `${defaultLimits[kind]}`,
    parse: wholeNumber(`${kind}-limit`, 1, maxRequests),
  });
}

function stateFolder(): string {
  const state = process.env["XDG_STATE_HOME"];
  return state?.startsWith("/") ? state : join(homedir(), ".local", "state");
}

function refusePassword(url: string, why: string): void {
  if (!hasPassword(url)) return;
  throw new VouchError("usage", why, {
    hint: "Leave it out of the URL: name a file that holds it in VOUCH_DATABASE_PASSWORD_FILE, or set VOUCH_DATABASE to the whole URL.",
  });
}

function parseNonceUse(text: string): "optional" | "required" {
  if (text === "optional" || text === "required") return text;
  throw new VouchError("usage", `Expected --dpop-nonce optional or required, got "${text}".`);
}

function parseVerification(text: string): "touch" | "pin" {
  if (text === "touch" || text === "pin") return text;
  throw new VouchError("usage", `Expected --publish-verification touch or pin, got "${text}".`);
}
