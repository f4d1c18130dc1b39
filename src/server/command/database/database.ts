/** The database of a `vouch server` command. */
import type { Secret } from "../../../base/secret.ts";
import { databasePassword } from "../../configuration/database-password.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { find, type Flags, sourcesOf } from "../../configuration/settings.ts";
import { unusable } from "../../store/failure.ts";
import { describeDatabase, openStore, type OpenOptions } from "../../store/open.ts";
import { hasPassword } from "../../store/postgres/address.ts";
import { commandLine, operator } from "../../audit/operator.ts";
import type { AuditOptions, Store } from "../../store/store.ts";

/** The options that every command has which uses the database. */
export const databaseArg = settingArgs("database", "database-password-file");

/** Where the database is, and the password for it. */
export interface DatabasePlace {
  url: string;
  password: Secret | undefined;
}

/** Returns the database of the settings. Throws `usage`, `file_error`, `settings_invalid`. */
export function databaseOf(flags: Flags): DatabasePlace {
  const sources = sourcesOf(flags);
  const url = find("database", sources).value;
  return { url, password: databasePassword(find("database-password-file", sources)) };
}

/** Returns the current time in seconds since 1970. */
export function currentTime(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * Opens the database of the settings, runs `work` and closes it again. The audit log has what `work` does as done by who
 * runs the command, unless `options` name another. Throws as `openStore`, and `file_error`, `network`.
 */
export async function withStore<Result>(
  flags: Flags,
  create: boolean,
  work: (store: Store) => Promise<Result>,
  options: Pick<OpenOptions, "sync"> & AuditOptions = { replica: commandLine, by: operator() },
): Promise<Result> {
  const { url, password } = databaseOf(flags);
  const store = await openStore(url, { create, now: currentTime(), password, ...options });
  try {
    await store.time(currentTime());
    return await work(store);
  } catch (error) {
    throw unusable(error, describeDatabase(url), { hasPassword: password !== undefined || hasPassword(url) }) ?? error;
  } finally {
    await store.close();
  }
}
