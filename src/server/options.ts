/** What a server is started with, and what it logs. */
import type { AuditEntry } from "./audit/entry.ts";
import type { Attestation } from "./configuration/attestation.ts";
import type { SessionNaming } from "./configuration/table-aws.ts";
import type { ServerContext } from "./context.ts";
import type { Certificate } from "./http/listener.ts";
import type { RateClass, Subject } from "./http/rate-limit.ts";
import type { ServerMetrics } from "./metrics/metrics.ts";
import type { KeyProtector } from "./signing/protection.ts";
import type { SsoSettings } from "./sso/settings.ts";
import type { Store } from "./store/store.ts";

export interface ServerOptions {
  /** Open and initialised; the caller closes it after `stop()`. */
  store: Store;
  /** Listening address; port 0 picks a free port. */
  hostname: string;
  port: number;
  tls?: Certificate | undefined;
  /** Seconds, at most `maxSessionSeconds`. */
  sessionDuration?: number;
  /** Take the client's address from the last entry of X-Forwarded-For, which the trusted proxy wrote. */
  trustProxy?: boolean;
  /** Which security keys are taken; every one without it. */
  attestation?: Attestation | undefined;
  /** Interval of looking for new metadata of their models, in milliseconds. */
  metadataLookMs?: number;
  /** Accept credentials that can be synced to other devices (backup eligible). */
  allowSyncedPasskeys?: boolean;
  /** What publishing needs besides a session; a touch without it. */
  publishVerification?: ServerContext["publishVerification"] | undefined;
  /** Whether a DPoP proof without the server's nonce is accepted; it is, without this. */
  dpopNonce?: "optional" | "required" | undefined;
  /** Whether the pages for people are served; they are, without this. */
  pages?: "on" | "off" | undefined;
  /** Login in the browser, and whether its sessions may publish; off without it, and without the pages. */
  browserLogin?: ServerContext["browserLogin"];
  /** Single sign-on at the company's identity provider; none without it. */
  singleSignOn?: SsoSettings | undefined;
  /** What a session at AWS is named by; the person's id without it. */
  sessionName?: SessionNaming | undefined;
  /** Tag sessions at AWS with the person's e-mail address. */
  tagEmail?: boolean;
  /** Tag sessions at AWS with each of these groups. */
  tagGroups?: readonly string[] | undefined;
  /** The key-encryption key of the signing keys. */
  keyProtector?: KeyProtector | undefined;
  /** Seconds for which a key signs before the server makes the next one; without it, only the command line does. */
  rotateEverySeconds?: number | undefined;
  /** Interval of reading the signing keys, in milliseconds. */
  keyRefreshMs?: number;
  /** Seconds for which the audit log keeps an entry; without it, for ever. */
  auditRetentionSeconds?: number | undefined;
  /** Interval of looking whether the audit log needs a checkpoint, in milliseconds. */
  auditLookMs?: number;
  /** Is given the audit log's entries that the store was not given by this process. */
  auditFound?: ((entry: AuditEntry) => void) | undefined;
  /** Requests a minute, for each address. */
  rateLimits?: Readonly<Partial<Record<RateClass, number>>>;
  /** Requests a minute, for each person and for each security key. */
  subjectLimits?: Readonly<Record<Subject, number>>;
  /** Seconds since 1970. */
  now?: () => number;
  /** Seconds of a monotonic clock, for rate limits. */
  monotonic?: () => number;
  /** Counts what happens, if there is one. */
  metrics?: ServerMetrics | undefined;
  log: (entry: RequestLog | EventLog) => void;
}

/** The log entry of one request: nothing from its body, headers or query. */
export interface RequestLog {
  time: string;
  method: string;
  path: string;
  status: number;
  milliseconds: number;
  address: string;
  /** The id of the authenticated user. */
  user?: string;
  /** The code of an error; `detail` is its reason. */
  error?: string;
  detail?: string;
}

/** The log entry of an event outside of any request. */
export interface EventLog {
  time: string;
  event:
    | "purge_failed"
    | "reloaded"
    | "reload_failed"
    | "clock_set_back"
    | "audit_failed"
    | "signing_keys_changed"
    | "signing_keys_failed"
    | "attestation_metadata_changed"
    | "attestation_metadata_failed"
    | "sso_failed";
  detail: string;
}
