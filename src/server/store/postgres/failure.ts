/** Failures of PostgreSQL and of the way to it, by SQLSTATE (its documentation, appendix A) or by the client's code. */
import type { ErrorCode } from "../../../base/errors.ts";

type Kind = "unreachable" | "busy" | "refused" | "broken";

const reasons: [code: RegExp, kind: Kind, reason: string, hint?: string][] = [
  [/^(57P01|57P02|57P03)$/, "unreachable", "it is starting or shutting down"],
  [/^53300$/, "unreachable", "it has no connection left"],
  [/^08/, "unreachable", "the connection to it was lost"],
  [/^(25P03|25P04|57P05)$/, "unreachable", "it ended a connection that waited for too long"],
  [/^ERR_POSTGRES_CONNECTION_REFUSED$/, "unreachable", "it cannot be reached"],
  [/^ERR_POSTGRES_CONNECTION_TIMEOUT$/, "unreachable", "it did not answer in time"],
  [/^ERR_POSTGRES_(CONNECTION_|IDLE_TIMEOUT|LIFETIME_TIMEOUT)/, "unreachable", "the connection to it was lost"],
  [/^40/, "busy", "other requests kept changing the same rows"],
  [/^55P03$/, "busy", "another client holds a lock on its tables"],
  [/^57014$/, "busy", "a statement took too long"],
  [/^25006$/, "refused", "it is read-only (a standby, or default_transaction_read_only)"],
  [/^28/, "refused", "it refuses the user or the password"],
  [/^3D000$/, "refused", "there is no such database", "Make it with `createdb --owner=USER NAME`, or correct the URL."],
  [
    /^42501$/,
    "refused",
    "the user may not do that there",
    "The user of the URL must own the database and its tables: make it with `createdb --owner=USER NAME`, and fill it with `pg_restore --no-owner --role=USER`.",
  ],
  [
    /^42P07$/,
    "refused",
    "it has a table of another program with the name of one of Vouch's",
    "Give an empty database: `createdb --owner=USER NAME`.",
  ],
  [/^53100$/, "broken", "its disk is full"],
  [/^53/, "broken", "it has run out of memory or of another resource"],
  [/^(58|XX00[12])/, "broken", "reading or writing it failed; it may be damaged"],
  [/^ERR_POSTGRES_TLS_NOT_AVAILABLE$/, "refused", "it offers no TLS, which is needed to reach another machine"],
  [
    /^(ERR_POSTGRES_TLS|ERR_SSL|ERR_TLS_|[A-Z_]*CERT|UNABLE_TO_|HOSTNAME_MISMATCH|SELF_SIGNED)/,
    "refused",
    "its TLS certificate is not trusted",
  ],
  [
    /^ERR_POSTGRES_(AUTHENTICATION|UNSUPPORTED_AUTH|UNKNOWN_AUTH|INVALID_SERVER_SIGNATURE|INVALID_SERVER_KEY|SASL|PASSWORD)/,
    "refused",
    "logging in to it failed",
  ],
];

/** How each kind ends a command. */
const codes: Readonly<Record<Kind, ErrorCode>> = {
  unreachable: "network",
  busy: "network",
  refused: "settings_invalid",
  broken: "file_error",
};

/** The time limit of a whole transaction or statement has passed, whatever the server does. */
export class PostgresTimeoutError extends Error {
  readonly code = "ERR_POSTGRES_CONNECTION_TIMEOUT";

  constructor(cause: unknown) {
    super("the database did not answer in time", { cause });
    this.name = "PostgresTimeoutError";
  }
}

export interface PostgresFailure {
  reason: string;
  kind: Kind;
  code: ErrorCode;
  /** What to do, where it is another thing than for every failure. */
  hint: string | undefined;
}

/** Returns what went wrong; undefined for an error that is not the environment's. */
export function postgresFailure(error: unknown): PostgresFailure | undefined {
  for (const code of codesOf(error)) {
    const found = reasons.find(([pattern]) => pattern.test(code));
    if (found) return { reason: found[2], kind: found[1], code: codes[found[1]], hint: found[3] };
  }
  return undefined;
}

/** Whether the database did not let the user in. */
export function isPasswordRefused(error: unknown): boolean {
  return codesOf(error).some((code) => /^28|^ERR_POSTGRES_(AUTHENTICATION|SASL|PASSWORD)/.test(code));
}

/** Whether the transaction had no effect because of others that ran at the same time: it can run again. */
export function isConflict(error: unknown): boolean {
  // 40001 serialization_failure, 40P01 deadlock_detected.
  return codesOf(error).some((code) => code === "40001" || code === "40P01");
}

/** Whether the connection is gone, or there is none to be had. */
export function isUnreachable(error: unknown): boolean {
  return postgresFailure(error)?.kind === "unreachable";
}

/** The server's code first: the client's is the same for all of its errors. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  const isOurs = error.name === "PostgresError" || error.name === "PostgresTimeoutError";
  if (!isOurs) return typeof code === "string" && /CERT|SSL|TLS|UNABLE_TO_/.test(code) ? [code] : [];
  return [errno, code].filter((each) => typeof each === "string");
}
