/** The files that the settings name. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { isPostgresUrl } from "../store/postgres/address.ts";
import { sqlitePath } from "../store/open.ts";
import { isUrl } from "../policy/metadata-source.ts";
import { suffixes } from "../store/sqlite/files.ts";
import type { Settings } from "./table.ts";

/** Paths that the audit log's lines must not be written to; `config` is the configuration file's. Throws `usage`. */
export function filesInUse(settings: Partial<Settings>, config: string | undefined): string[] {
  const { database } = settings;
  const isFile = database !== undefined && !isPostgresUrl(database);
  const named = [
    config,
    settings["tls-cert"],
    settings["tls-key"],
    settings["database-password-file"],
    settings["attestation-roots"],
    isUrl(settings["attestation-metadata"] ?? "") ? undefined : settings["attestation-metadata"],
    settings["attestation-metadata-root"],
    settings["sso-client-secret-file"],
    keyFile(settings["key-encryption-key"]),
  ];
  return [
    ...(isFile ? suffixes.map((suffix) => `${sqlitePath(database)}${suffix}`) : []),
    ...named.filter((path) => path !== undefined),
  ];
}

/** The path of a key-encryption key that is in a file. */
export function keyFile(source: string | undefined): string | undefined {
  return source === undefined ? undefined : /^file:(.+)$/s.exec(source)?.[1];
}

/** The id of the user that the server runs as: whose folder its SQLite database is in. undefined if there is none. */
export function serverUser({ database }: Partial<Settings>): number | undefined {
  if (database === undefined || isPostgresUrl(database)) return undefined;
  return statSync(dirname(sqlitePath(database)), { throwIfNoEntry: false })?.uid;
}
