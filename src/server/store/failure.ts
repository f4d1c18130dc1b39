/** Environmental database failures: lock held, disk full, file gone, connection lost. */
import { type ErrorCode, VouchError } from "../../base/errors.ts";
import { isPasswordRefused, postgresFailure } from "./postgres/failure.ts";

/** The SQLite result codes (sqlite.org/rescode.html) of these failures; extended codes match by prefix. */
const reasons: [code: RegExp, reason: string][] = [
  [/^SQLITE_(BUSY|LOCKED)/, "another process holds its lock"],
  [/^SQLITE_FULL/, "the disk is full"],
  [/^SQLITE_IOERR/, "reading or writing it failed; the disk may be full"],
  [/^SQLITE_(READONLY|PERM)/, "it is read-only"],
  [/^SQLITE_(CANTOPEN|AUTH)/, "it cannot be opened"],
  [/^SQLITE_(CORRUPT|NOTADB)/, "it is damaged, or no database"],
];

/** The database file was deleted, replaced or emptied while it was open. */
export class DatabaseReplacedError extends Error {
  constructor(path: string) {
    super(
      `the database ${path} was deleted, replaced or emptied while the server runs; restore it and start the server again`,
    );
    this.name = "DatabaseReplacedError";
  }
}

/** What was committed could not be written to the disk. */
export class SyncFailedError extends Error {
  constructor(cause: unknown) {
    super("what was committed cannot be written to the disk; the disk may be full or damaged", { cause });
    this.name = "SyncFailedError";
  }
}

/** The database did not answer in time, whatever becomes of the question later. */
export class NoAnswerError extends Error {
  constructor() {
    super("it did not answer in time");
    this.name = "NoAnswerError";
  }
}

/** Returns a readable reason for an environmental failure; undefined for any other error. */
export function databaseFailure(error: unknown): string | undefined {
  const isOurs = [DatabaseReplacedError, SyncFailedError, NoAnswerError].some((each) => error instanceof each);
  if (isOurs) return (error as Error).message;
  if (!(error instanceof Error)) return undefined;
  if (error.name !== "SQLiteError") return postgresFailure(error)?.reason;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? reasons.find(([pattern]) => pattern.test(code))?.[1] : undefined;
}

/** Returns how a command ends after such a failure. */
export function failureCode(error: unknown): ErrorCode {
  return postgresFailure(error)?.code ?? "file_error";
}

/** How a command that failed with the database says it. */
interface Saying {
  verb?: "used" | "opened";
  /** The advice for a failure that has none of its own. */
  hint?: string;
  /** Whether the settings have a password for the database. */
  hasPassword?: boolean;
}

/** Returns the error of a command for an environmental failure of the database `name`; undefined for any other error. */
export function unusable(
  error: unknown,
  name: string,
  {
    verb = "used",
    hint = "Check what else uses the database, its permissions and the space on the disk; then try again.",
    hasPassword = false,
  }: Saying = {},
): VouchError | undefined {
  const reason = databaseFailure(error);
  if (reason === undefined) return undefined;
  const own = isPasswordRefused(error) ? passwordHint(hasPassword) : postgresFailure(error)?.hint;
  return new VouchError(failureCode(error), `The database ${name} cannot be ${verb}: ${reason}.`, {
    hint: own ?? hint,
    cause: error,
  });
}

function passwordHint(hasPassword: boolean): string {
  return hasPassword
    ? "Check the user in the database's URL, and the password in the file of --database-password-file."
    : "Name a file with the user's password: --database-password-file FILE, or database-password-file in the configuration file.";
}

/** Whether the error means that another process holds the lock. */
export function isLocked(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === "SQLiteError" &&
    String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")
  );
}
