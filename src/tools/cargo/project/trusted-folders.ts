/**
 * Folders whose Cargo configuration the user trusts to affect the network, each with the hash of every file involved:
 * any change requires new consent. Stored beside Vouch's settings.
 */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { Environment } from "../../../base/environment.ts";
import { writeFileAtomic } from "../../../base/system/atomic-write.ts";
import { loadOwnFile } from "../../../settings/own-file.ts";
import { settingsPath } from "../../../settings/settings.ts";
import { VouchError } from "../../../base/errors.ts";
import { type FolderConfig, folderConfig, readNamedFile, sha256 } from "./configuration.ts";
import { networkKeys } from "./network-keys.ts";

/** SHA-256 in hexadecimal for each path; null for one that did not exist. */
export type Fingerprint = Record<string, string | null>;

export interface TrustedFolder {
  /** The folder that contains `.cargo`, without links in its path. */
  folder: string;
  files: Fingerprint;
}

const FileSchema = v.strictObject({
  version: v.literal(1),
  folders: v.array(
    v.strictObject({
      folder: v.string(),
      files: v.record(v.string(), v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)))),
    }),
  ),
});

/** Maximum size of a certificate bundle, in bytes. */
const maxCertificateBytes = 16 << 20;

/** The path of the list, beside the settings. */
export function trustedFoldersPath(env: Environment = process.env): string {
  return join(dirname(settingsPath(env)), "trusted-folders.json");
}

/** The trusted folders; empty without a file. Throws `file_error` and `settings_invalid`. */
export function loadTrustedFolders(path: string): TrustedFolder[] {
  const hint = "Delete the file, and run `vouch trust` again where it is needed.";
  return loadOwnFile(path, FileSchema, hint)?.folders ?? [];
}

/** Writes the list atomically, mode 0600. Throws `file_error`. */
export function saveTrustedFolders(folders: TrustedFolder[], path: string): void {
  const text = `${JSON.stringify({ version: 1, folders }, null, 2)}\n`;
  writeFileAtomic(path, text, { mode: 0o600 });
}

/**
 * The hash of every file involved: the configuration, its includes, certificates. Throws `file_error` if a named file
 * cannot be read.
 */
export function fingerprint(config: FolderConfig): Fingerprint {
  const files: Fingerprint = Object.fromEntries(config.files.map(({ path, digest }) => [path, digest ?? null]));
  for (const { names, file, key } of networkKeys(config)) {
    if (names === undefined) continue;
    try {
      const bytes = readNamedFile(names, maxCertificateBytes);
      files[names] = bytes === undefined ? null : sha256(bytes);
    } catch (error) {
      throw new VouchError("file_error", `${names}, which ${key} in ${file} names: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }
  return files;
}

/** Whether the user trusts the folder in its current state. Throws as `fingerprint`. */
export function isTrusted({ folder }: FolderConfig, trusted: readonly TrustedFolder[]): boolean {
  // Cargo may name it differently, by `..` or a link.
  const real = realpathSync(folder);
  const known = trusted.find((each) => each.folder === real);
  const config = known && folderConfig(real);
  return config !== undefined && Bun.deepEquals(known!.files, fingerprint(config), true);
}
