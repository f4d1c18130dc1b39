/** Opens the database that a URL names. */
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { fullPath } from "../../base/system/full-path.ts";
import { isPostgresUrl, postgresAddress, postgresName } from "./postgres/address.ts";
import type { PoolLimits } from "./postgres/pool.ts";
import { openPostgresStore } from "./postgres/store.ts";
import { openSqliteStore, type SqliteOptions } from "./sqlite/store.ts";
import { followed } from "./sqlite/files.ts";
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

/** Returns the absolute path that a URL `sqlite:PATH` names, without a link at its end. Throws `usage`. */
export function sqlitePath(url: string): string {
  const named = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (named !== undefined) {
    const path = followed(fullPath(named));
    if (!path.includes("?")) return path;
    throw new VouchError("usage", `The database's path ${path} has a ?, which the runtime cuts it off at.`, {
      hint: "Keep the database in a folder and under a name without one.",
    });
  }
  // Show only the scheme: another kind of URL may contain a password.
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):/i.exec(url)?.[1];
  const got = scheme === undefined ? "a text without a scheme" : `"${scheme}:…"`;
  throw new VouchError("usage", `Expected a database as sqlite:PATH or postgres://USER@HOST/NAME, got ${got}.`, {
    hint: "Name it with --database or VOUCH_DATABASE, like sqlite:/var/lib/vouch-server/server.db.",
  });
}

/** Returns the database's name for people: never with a password. */
export function describeDatabase(url: string): string {
  return isPostgresUrl(url) ? postgresName(url) : sqlitePath(url);
}
