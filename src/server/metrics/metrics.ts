/** What the server counts. Labels come from its own tables and codes only: nothing of a request, nobody's name. */
import { X509Certificate } from "node:crypto";
import { buildInfo } from "../../base/build-info.ts";
import { allRoutes } from "../routes.ts";
import { statusesAt } from "../signing/life-cycle.ts";
import type { Store } from "../store/store.ts";
import { databaseActivity } from "./database.ts";
import { Counter, exposition, type Family, Gauge, Histogram, Info } from "./families.ts";

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How long what the database was asked for holds, in milliseconds: counting sessions reads all of them. */
const readMs = 60_000;

const known = new Set(allRoutes.map(({ path }) => path));

/** What is read from the database. */
interface Reading {
  sessions: number;
  /** Seconds since 1970. */
  signsFrom: number | undefined;
}

export class ServerMetrics {
  readonly #store: Store;
  readonly #now: () => number;
  #inFlight = 0;
  #reading: Reading | undefined;
  #readAt = -Infinity;

  readonly #requests = new Counter(
    { name: "vouch_http_requests", help: "Requests that were answered, by route and status." },
    ["route", "status"],
  );
  readonly #durations = new Histogram(
    {
      name: "vouch_http_request_duration_seconds",
      unit: "seconds",
      help: "From the end of a request's head until its answer, by route.",
    },
    bounds,
    ["route"],
  );
  readonly #refusals = new Counter(
    { name: "vouch_refusals", help: "Requests that were refused or failed, by the code of the error." },
    ["reason"],
  );
  readonly #logins = new Counter({ name: "vouch_logins", help: "Sessions that were opened." });
  readonly #tokens = new Counter({ name: "vouch_id_tokens", help: "ID tokens that were issued, by purpose." }, [
    "purpose",
  ]);
  readonly #enrollments = new Counter({
    name: "vouch_enrollments",
    help: "Security keys that were enrolled with a code.",
  });
  readonly #rechecks = new Counter(
    {
      name: "vouch_sso_rechecks",
      help: "Questions about a person to the identity provider at a login, by what came of them.",
    },
    ["result"],
  );
  readonly #families: readonly Family[];

  #certificateEnd: number | undefined;

  /** `now` in seconds since 1970. */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#families = [
      new Info({ name: "vouch_build", help: "The version." }, { version: buildInfo.version }),
      this.#requests,
      this.#durations,
      new Gauge({ name: "vouch_http_requests_in_flight", help: "Requests that are under way." }, () => this.#inFlight),
      this.#refusals,
      this.#logins,
      this.#tokens,
      this.#enrollments,
      this.#rechecks,
      new Gauge(
        { name: "vouch_sessions", help: "Live sessions in the database, as of a minute ago at most." },
        () => this.#reading?.sessions,
      ),
      new Gauge(
        {
          name: "vouch_signing_key_age_seconds",
          unit: "seconds",
          help: "For how long the signing key has signed.",
        },
        () => {
          const since = this.#reading?.signsFrom;
          return since === undefined ? undefined : Math.max(0, this.#now() - since);
        },
      ),
      databaseActivity.latency,
      new Gauge(
        { name: "vouch_database_connections_busy", help: "Connections to the database that carry something out." },
        () => databaseActivity.busy,
      ),
      new Gauge(
        { name: "vouch_database_operations_waiting", help: "Statements and transactions without a connection yet." },
        () => databaseActivity.waiting,
      ),
      new Gauge(
        {
          name: "vouch_tls_certificate_end_timestamp_seconds",
          unit: "seconds",
          help: "When the certificate that is served ends, since 1970.",
        },
        () => this.#certificateEnd,
      ),
      new Gauge({ name: "process_resident_memory_bytes", unit: "bytes", help: "Memory of the process." }, () =>
        process.memoryUsage.rss(),
      ),
      new Gauge(
        { name: "process_start_time_seconds", unit: "seconds", help: "When the process started, since 1970." },
        () => performance.timeOrigin / 1000,
      ),
    ];
  }

  /** The server shows this certificate from now on, PEM. */
  serves(certificate: string): void {
    this.#certificateEnd = new X509Certificate(certificate).validToDate.getTime() / 1000;
  }

  /** A request has arrived. */
  begun(): void {
    this.#inFlight++;
  }

  /** Its handler has granted it. */
  granted(path: string, isLogin: boolean): void {
    if (path === "/oauth/token") {
      if (isLogin) this.#logins.increment();
      else this.#tokens.increment("read");
    } else if (path === "/v1/publish") this.#tokens.increment("publish");
    else if (path === "/v1/enroll") this.#enrollments.increment();
  }

  /** The identity provider was asked about a person who logs in. */
  rechecked(result: string): void {
    this.#rechecks.increment(result);
  }

  /** It was answered, after so many milliseconds; `error` is the code of its failure. */
  answered(path: string, status: number, milliseconds: number, error: string | undefined): void {
    this.#inFlight--;
    const route = known.has(path) ? path : "other";
    this.#requests.increment(route, `${status}`);
    this.#durations.observe(milliseconds / 1000, route);
    if (error !== undefined) this.#refusals.increment(error);
  }

  /** All of it as OpenMetrics text. What the database cannot say at the moment is as it was, or left out. */
  async exposition(): Promise<string> {
    if (performance.now() - this.#readAt > readMs) {
      this.#readAt = performance.now();
      this.#reading = await this.#read().catch(() => this.#reading);
    }
    return exposition(this.#families);
  }

  async #read(): Promise<Reading> {
    const time = await this.#store.time(this.#now());
    const keys = statusesAt(await this.#store.signingKeys.all(), time);
    return {
      sessions: await this.#store.countSessions(time),
      signsFrom: keys.find(({ state }) => state === "signing")?.key.signsFrom,
    };
  }
}
