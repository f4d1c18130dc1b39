/** The HTTP server: routing, rate limits, error responses, one log line per request. */
import { initialized } from "./initialize.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "bun";
import { VouchError } from "../base/errors.ts";
import { isSlip, RefusalLog } from "./audit/refusal.ts";
import { ClockGuard } from "./clock-guard.ts";
import { clientAddress } from "./http/client-address.ts";
import type { Caller, HandlerResult, ServerContext } from "./context.ts";
import { keepAudit } from "./audit/upkeep.ts";
import { HttpError, toFailure } from "./http/failure.ts";
import { harden } from "./http/headers.ts";
import { Leases } from "./http/leases.ts";
import { Listener } from "./http/listener.ts";
import { DpopNonces } from "./oauth/dpop-nonce.ts";
import { Issuer } from "./oauth/issuer.ts";
import {
  countOnce,
  defaultRateLimits,
  defaultSubjectLimits,
  network,
  RateLimiter,
  tooMany,
} from "./http/rate-limit.ts";
import { RelyingParty } from "./webauthn/relying-party.ts";
import type { RequestLog, ServerOptions } from "./options.ts";
import type { Route } from "./route.ts";
import { openSingleSignOn } from "./sso/context.ts";
import { findRoute, refusalOfNone } from "./routes.ts";
import { maxSessionSeconds } from "./oauth/session-duration.ts";
import { AttestationPolicy, noRules } from "./policy/policy.ts";
import { expectMetadata, keepMetadata } from "./policy/upkeep.ts";
import { KeyRing } from "./signing/key-ring.ts";
import { keepKeys } from "./signing/upkeep.ts";
import { databaseFailure } from "./store/failure.ts";

export interface RunningServer {
  /** The configured server URL. */
  url: string;
  hostname: string;
  port: number;
  /** Answers as before for `ms` milliseconds, but says that it is not ready and closes each connection after its answer. */
  drain(ms: number): Promise<void>;
  /** Stops accepting requests; resolves when those in flight are answered, or after `graceMs` milliseconds. */
  stop(graceMs?: number): Promise<void>;
  /**
   * Replaces the certificate (requests in flight are answered, new connections get the new one), and reloads the audiences
   * and the signing keys: each for itself, so that a database that is away keeps no certificate from being replaced. Throws
   * an AggregateError with what failed (as `startServer`), where nothing has changed.
   */
  reload(tls: ServerOptions["tls"]): Promise<void>;
}

/** Exports of the audit log at once: each reads all of it. */
const maxExports = 2;

/**
 * Starts the server. Throws `settings_missing` before `vouch server init`, `usage` if it cannot listen; and as
 * `KeyRing.open` and `expectMetadata`.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const configuration = await initialized(options.store);
  const keys = await KeyRing.open({
    store: options.store,
    issuer: configuration.url,
    protector: options.keyProtector,
    now,
  });
  const { rules, source } = options.attestation ?? { rules: noRules, source: undefined };
  await expectMetadata(options.store, { rules, source }, now());
  const policy = new AttestationPolicy(rules, now);
  const isProving = source !== undefined || rules.roots.length > 0;
  const browserLogin = options.pages === "off" ? undefined : options.browserLogin;
  const claims = {
    sessionName: options.sessionName,
    tagEmail: options.tagEmail === true,
    tagModel: isProving,
    browserLogin: browserLogin !== undefined,
  };
  const monotonic = options.monotonic ?? (() => performance.now() / 1000);
  const context: Omit<ServerContext, "caller"> = {
    url: configuration.url,
    audiences: configuration.audiences,
    sessionDuration: Math.min(options.sessionDuration ?? maxSessionSeconds, maxSessionSeconds),
    store: options.store,
    isDraining: false,
    issuer: new Issuer(configuration.url, keys, claims),
    relyingParty: new RelyingParty(configuration.url, policy, {
      allowSyncedPasskeys: options.allowSyncedPasskeys === true,
      takesBuiltIn: browserLogin !== undefined,
    }),
    nonces: new DpopNonces(configuration.url, keys, now),
    requireNonce: options.dpopNonce === "required",
    publishVerification: options.publishVerification ?? "touch",
    singleSignOn: undefined,
    browserLogin,
    tagGroups: options.tagGroups ?? [],
    exports: new Leases(maxExports, monotonic),
    now,
  };
  const limiter = new RateLimiter({ ...defaultRateLimits, ...options.rateLimits });
  const subjects = new RateLimiter(options.subjectLimits ?? defaultSubjectLimits);
  const refusals = new RefusalLog(options.store, monotonic);
  const clock = new ClockGuard(options.store, now, monotonic, (detail) =>
    options.log({ time: new Date().toISOString(), event: "clock_set_back", detail }),
  );

  function auditFailed(error: unknown): void {
    const detail = databaseFailure(error) ?? String(error);
    options.log({ time: new Date().toISOString(), event: "audit_failed", detail });
  }

  async function answer(request: Request, server: Server<undefined>): Promise<Response> {
    const started = performance.now();
    options.metrics?.begun();
    // With a malformed Host header, Bun's request.url has no origin.
    const pathname = URL.parse(request.url, context.url)?.pathname ?? "/";
    const forwarded = options.trustProxy === true ? request.headers.get("x-forwarded-for") : null;
    const address = clientAddress(server.requestIP(request)?.address, forwarded);
    const entry: Partial<RequestLog> = {};
    const caller: Caller = { address, count: countOnce(subjects, monotonic) };
    let response: Response;
    let route: Route | undefined;
    try {
      // Several Host headers arrive joined by a comma (RFC 9112, 3.2: answered with 400).
      if (request.headers.get("host")?.includes(","))
        throw new HttpError(400, "Expected one Host header, got several.");
      route = findRoute(pathname, request.method, options.pages !== "off");
      if (route.rateClass) {
        const wait = limiter.take(route.rateClass, network(address), monotonic());
        if (wait > 0) throw tooMany(wait);
      }
      if (route.rateClass) options.store.checkFile();
      if (route.rateClass) await clock.check();
      const result: HandlerResult = await route.handler(request, { ...context, caller });
      if (route.rateClass) await options.store.settled();
      response = result.response;
      if (result.user !== undefined) entry.user = result.user;
      options.metrics?.granted(route.path, result.isLogin === true);
    } catch (error) {
      const failure = toFailure(error, pathname);
      const refusal = route === undefined ? refusalOfNone(request, pathname, options.pages !== "off") : route.refusal;
      response = (await refusal?.(failure, request, { ...context, caller })) ?? failure.response;
      entry.error = failure.code;
      entry.detail = failure.detail;
      if (response.status < 500 && !isSlip(pathname, failure.code)) {
        await refusals.add(caller, { path: pathname, ...failure }).catch(auditFailed);
      }
      // The client closed the connection: log 499.
      if (request.signal.aborted) entry.status = 499;
    }
    harden(response.headers, context.url);
    const nonce = request.headers.has("dpop") ? await context.nonces.current() : undefined;
    if (nonce !== undefined) response.headers.set("dpop-nonce", nonce);
    // A client that keeps its connection would be cut off with its next request.
    if (context.isDraining) response.headers.set("connection", "close");
    const milliseconds = performance.now() - started;
    options.metrics?.answered(route?.path ?? pathname, entry.status ?? response.status, milliseconds, entry.error);
    options.log({
      time: new Date().toISOString(),
      method: request.method.slice(0, 16),
      // Truncated: an unknown path is untrusted input.
      path: pathname.slice(0, 128),
      status: response.status,
      milliseconds: Math.round(milliseconds),
      address,
      ...entry,
    });
    return response;
  }

  async function replaceCertificate(tls: ServerOptions["tls"]): Promise<void> {
    if (tls === undefined) return;
    listener.replaceCertificate(tls);
    options.metrics?.serves(tls.cert);
  }

  async function reloadSettings(): Promise<void> {
    const found = await options.store.configuration.load();
    if (!found) {
      throw new VouchError("settings_missing", "The database has no configuration.", {
        hint: "Run `vouch server init --url https://YOUR-HOST` on it, or restore a backup.",
      });
    }
    context.audiences = found.audiences;
    await keys.refresh();
  }

  await clock.checkAtStart();
  context.singleSignOn = await openSingleSignOn(options.singleSignOn, {
    url: configuration.url,
    store: options.store,
    protector: options.keyProtector,
    now,
    failed: (event, detail) => options.log({ time: new Date().toISOString(), event, detail }),
    asked: (result) => options.metrics?.rechecked(result),
    waitMs: options.recheckWaitMs,
  });
  const listener = new Listener({ hostname: options.hostname, port: options.port }, answer, options.tls);
  if (options.tls) options.metrics?.serves(options.tls.cert);
  await options.store.purge(now());
  let purge = Promise.resolve();
  const timer = setInterval(() => {
    purge = options.store.purge(now()).catch((error: unknown) => {
      options.log({
        time: new Date().toISOString(),
        event: "purge_failed",
        detail: databaseFailure(error) ?? String(error),
      });
    });
  }, 60_000);
  const stopKeys = keepKeys(keys, options.rotateEverySeconds, options.keyRefreshMs, (event, detail) =>
    options.log({ time: new Date().toISOString(), event, detail }),
  );
  const metadata = await keepMetadata({
    store: options.store,
    policy,
    source,
    now,
    intervalMs: options.metadataLookMs,
    log: (event, detail) => options.log({ time: new Date().toISOString(), event, detail }),
  });
  const stopAudit = keepAudit({
    store: options.store,
    signer: () => ({ issuer: configuration.url, ...keys.signer() }),
    retention: options.auditRetentionSeconds,
    interval: options.auditLookMs,
    refusals,
    found: (entry) => options.auditFound?.(entry),
    failed: auditFailed,
  });
  return {
    url: configuration.url,
    hostname: listener.hostname,
    port: listener.port,
    async reload(tls) {
      const parts = await Promise.allSettled([replaceCertificate(tls), reloadSettings(), metadata.reload()]);
      const failures = parts.flatMap((part) => (part.status === "rejected" ? [part.reason] : []));
      if (failures.length > 0) throw new AggregateError(failures, failures.map(reasonOf).join(" "));
    },
    async drain(ms) {
      context.isDraining = true;
      await sleep(ms);
    },
    async stop(graceMs = 10_000) {
      context.isDraining = true;
      clearInterval(timer);
      await listener.stop(graceMs);
      await Promise.all([purge, stopKeys(), metadata.stop(), context.singleSignOn?.stop()]);
      await stopAudit();
    },
  };
}

function reasonOf(error: unknown): string {
  return databaseFailure(error) ?? (error as Error).message;
}
