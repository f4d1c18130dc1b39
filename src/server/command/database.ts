/** The `--database` option that every `vouch server` command has. */
import { homedir } from "node:os";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { databaseFailure, failureCode } from "../store/failure.ts";
import { describeDatabase, openStore, type OpenOptions } from "../store/open.ts";
import { hasPassword } from "../store/postgres/address.ts";
import type { AuditOptions, Store } from "../store/store.ts";
import { commandLine, operator } from "../audit/operator.ts";

export const databaseArg = {
  database: {
    type: "string",
    description:
      "Where the server keeps its data: sqlite:PATH or postgres://USER@HOST/NAME. Default: $VOUCH_DATABASE, else sqlite:~/.local/state/vouch/server.db.",
    valueHint: "URL",
  },
} as const;

/** Returns the database URL: the option, else the environment, else the default path. Throws `usage`. */
export function databaseUrl(option: string | undefined): string {
  if (option !== undefined) return withoutPassword(option);
  const state = process.env["XDG_STATE_HOME"];
  const folder = state?.startsWith("/") ? state : join(homedir(), ".local", "state");
  return process.env["VOUCH_DATABASE"] ?? `sqlite:${join(folder, "vouch", "server.db")}`;
}

/** Returns a URL of the command line, which every process of the machine can read. Throws `usage` for a password. */
export function withoutPassword(url: string): string {
  if (!hasPassword(url)) return url;
  throw new VouchError("usage", "A password on the command line can be read by every process of this machine.", {
    hint: "Leave it out of the URL: name a file that holds it in VOUCH_DATABASE_PASSWORD_FILE, or set VOUCH_DATABASE to the whole URL.",
  });
}

/** Size limit of the password's file, in bytes. */
const maxPasswordBytes = 4096;

/** Returns the password of the database from the file that the environment names. Throws `file_error`. */
export function databasePassword(): Secret | undefined {
  const path = process.env["VOUCH_DATABASE_PASSWORD_FILE"];
  if (path === undefined || path === "") return undefined;
  try {
    return new Secret(
      readRegularFile(path, maxPasswordBytes)
        .toString("utf8")
        .replace(/\r?\n$/, ""),
    );
  } catch (error) {
    throw new VouchError(
      "file_error",
      `VOUCH_DATABASE_PASSWORD_FILE names ${path}, which cannot be read: ${whyUnreadable(error)}.`,
      { cause: error },
    );
  }
}

/** Returns the current time in seconds since 1970. */
export function currentTime(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * Opens the database, runs `work` and closes the database again. The audit log has what `work` does as done by who runs the
 * command, unless `options` name another. Throws as `openStore`, and `file_error`, `network`.
 */
export async function withStore<Result>(
  option: string | undefined,
  create: boolean,
  work: (store: Store) => Promise<Result>,
  options: Pick<OpenOptions, "sync"> & AuditOptions = { replica: commandLine, by: operator() },
): Promise<Result> {
  const url = databaseUrl(option);
  const store = await openStore(url, { create, now: currentTime(), password: databasePassword(), ...options });
  try {
    await store.time(currentTime());
    return await work(store);
  } catch (error) {
    const reason = databaseFailure(error);
    if (reason === undefined) throw error;
    throw new VouchError(failureCode(error), `The database ${describeDatabase(url)} cannot be used: ${reason}.`, {
      hint: "Check what else uses the database, its permissions and the space on the disk; then try again.",
      cause: error,
    });
  } finally {
    await store.close();
  }
}
