/** Failures of the database that are not the program's: somebody holds its lock, the disk is full, the file is gone. */

/** The SQLite result codes (sqlite.org/rescode.html) of such failures, extended ones by their beginning. */
const reasons: [code: RegExp, reason: string][] = [
  [/^SQLITE_(BUSY|LOCKED)/, "another process holds its lock"],
  [/^SQLITE_FULL/, "the disk is full"],
  [/^SQLITE_IOERR/, "reading or writing it failed; the disk may be full"],
  [/^SQLITE_(READONLY|PERM)/, "it is read-only"],
  [/^SQLITE_(CANTOPEN|AUTH)/, "it cannot be opened"],
  [/^SQLITE_(CORRUPT|NOTADB)/, "it is damaged, or no database"],
];

/** The database file was deleted or replaced while it was open. */
export class DatabaseReplacedError extends Error {
  constructor(path: string) {
    super(`the database ${path} was deleted or replaced while the server runs; restore it and start the server again`);
    this.name = "DatabaseReplacedError";
  }
}

/** Why the database cannot be used now, in words; undefined for any other failure. */
export function databaseFailure(error: unknown): string | undefined {
  if (error instanceof DatabaseReplacedError) return error.message;
  if (!(error instanceof Error) || error.name !== "SQLiteError") return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? reasons.find(([pattern]) => pattern.test(code))?.[1] : undefined;
}

/** Whether another process holds the lock. */
export function isLocked(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === "SQLiteError" &&
    String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")
  );
}
