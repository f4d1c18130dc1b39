/** Opens the database that a URL names. */
import { resolve } from "node:path";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { isPostgresUrl, postgresAddress, postgresName } from "./postgres/address.ts";
import type { PoolLimits } from "./postgres/pool.ts";
import { openPostgresStore } from "./postgres/store.ts";
import { openSqliteStore, type SqliteOptions } from "./sqlite/store.ts";
import type { Store } from "./store.ts";

export interface OpenOptions extends SqliteOptions, PoolLimits {
  /** The password for PostgreSQL, where the URL has none. */
  password?: Secret | undefined;
}

/**
 * Opens the database `sqlite:PATH` or `postgres://USER@HOST/NAME` and migrates its schema. Throws `usage` (another kind
 * of URL), `settings_missing` (no such file, no tables), `settings_invalid`, `file_error`, `network`.
 */
export async function openStore(url: string, options: OpenOptions): Promise<Store> {
  if (isPostgresUrl(url)) return await openPostgresStore(postgresAddress(url, options.password), options);
  return await openSqliteStore(sqlitePath(url), options);
}

/** Returns the absolute path that a URL `sqlite:PATH` names. Throws `usage`. */
export function sqlitePath(url: string): string {
  const match = /^sqlite:(?:\/\/)?([^?]+)$/.exec(url);
  if (match?.[1]) return resolve(match[1]);
  // Show only the scheme: another kind of URL may contain a password.
  throw new VouchError(
    "usage",
    `Expected a database as sqlite:PATH or postgres://USER@HOST/NAME, got "${url.split(":", 1)[0]!.slice(0, 16)}:…".`,
  );
}

/** Returns the database's name for people: never with a password. */
export function describeDatabase(url: string): string {
  return isPostgresUrl(url) ? postgresName(url) : sqlitePath(url);
}
