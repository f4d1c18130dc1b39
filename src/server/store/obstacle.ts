/** Whether a server could write to a database, found out without writing anything. */
import { accessSync, closeSync, constants as fileAccess, existsSync, openSync, readSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, Database } from "bun:sqlite";
import type { Secret } from "../../base/secret.ts";
import { isLocked, unusable } from "./failure.ts";
import { sqlitePath } from "./open.ts";
import { isPostgresUrl, type PostgresAddress, postgresAddress } from "./postgres/address.ts";
import { Pool } from "./postgres/pool.ts";

/** Less space than this on the disk, and a server does not start, or not for long: its log has a page for each change. */
const minFreeBytes = 1 << 20;
/** How long a lock is waited for; a server that works holds it for milliseconds. */
const lockPatienceMs = 2_000;

/**
 * Returns why a server could not write to the database that `url` names; undefined if it could. `migrates`: its first
 * start also makes or changes tables. Throws `usage`, `network`, `settings_invalid`.
 */
export async function obstacleTo(
  url: string,
  password: Secret | undefined,
  migrates: boolean,
): Promise<string | undefined> {
  if (!isPostgresUrl(url)) return obstacleToFile(sqlitePath(url));
  const address = postgresAddress(url, password);
  try {
    return await obstacleToPostgres(address, migrates);
  } catch (error) {
    throw unusable(error, address.name, { hasPassword: address.password !== undefined }) ?? error;
  }
}

function obstacleToFile(path: string): string | undefined {
  // The log is made beside the file, and missing folders are made.
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    if (existsSync(path)) accessSync(path, fileAccess.W_OK);
    accessSync(folder, fileAccess.W_OK | fileAccess.X_OK);
  } catch {
    return "this user may not write there";
  }
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < minFreeBytes) return "its disk is full";
  return isHeld(path) ? "another process holds its lock" : undefined;
}

/** Whether another process keeps a lock that a server needs when it starts. */
function isHeld(path: string): boolean {
  try {
    if (existsSync(`${path}-wal`)) lockWithLog(path);
    else if (existsSync(path) && !hasLogs(path)) lockWithoutLog(path);
    return false;
  } catch (error) {
    // Anything else is reported by who reads the tables.
    return isLocked(error);
  }
}

function open(path: string, mode: "ro" | "rw"): Database {
  const flags = mode === "ro" ? constants.SQLITE_OPEN_READONLY : constants.SQLITE_OPEN_READWRITE;
  const database = new Database(`${pathToFileURL(path).href}?mode=${mode}`, flags | constants.SQLITE_OPEN_URI);
  database.run(`PRAGMA busy_timeout = ${lockPatienceMs}`);
  return database;
}

/**
 * Takes the lock for writing. The connection that only reads is open for longer: at its end the other one is not the last,
 * which would write the log into the file.
 */
function lockWithLog(path: string): void {
  using reading = open(path, "ro");
  reading.run("BEGIN");
  reading.query("SELECT count(*) FROM sqlite_schema").get();
  using writing = open(path, "rw");
  writing.run("BEGIN IMMEDIATE");
  writing.run("ROLLBACK");
}

/**
 * Takes the lock of a file with a rollback journal, as a backup is, that keeps out everybody: a server turns it into one
 * with a write-ahead log. Looks first, as only reading leaves the journal of a killed process as it is.
 */
function lockWithoutLog(path: string): void {
  {
    using reading = open(path, "ro");
    reading.query("SELECT count(*) FROM sqlite_schema").get();
  }
  using writing = open(path, "rw");
  writing.run("BEGIN EXCLUSIVE");
  writing.run("ROLLBACK");
}

/** Whether the file says that it has a write-ahead log (sqlite.org/fileformat2.html, 1.3.3): without it nobody has it open. */
function hasLogs(path: string): boolean {
  const header = Buffer.alloc(20);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  return header[18] === 2;
}

async function obstacleToPostgres(address: PostgresAddress, migrates: boolean): Promise<string | undefined> {
  const pool = new Pool(address);
  try {
    const [found] = await pool.run`
      SELECT current_setting('default_transaction_read_only') = 'on' AS read_only, pg_is_in_recovery() AS standby,
        to_regclass('sessions') IS NOT NULL AS made,
        coalesce(has_table_privilege(to_regclass('sessions'), 'INSERT'), false) AS may_write,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_make,
        coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('sessions')), true) AS owns`;
    if (found["standby"] === true) return "it is a standby, which is read-only";
    if (found["read_only"] === true) return "its default_transaction_read_only is on";
    if (found["made"] === true && found["may_write"] !== true) return "this user may not write to its tables";
    if (migrates && found["may_make"] !== true) return "this user may not make tables there";
    return migrates && found["owns"] !== true
      ? "this user does not own its tables, which are to be changed"
      : undefined;
  } finally {
    await pool.close();
  }
}
