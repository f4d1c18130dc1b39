/** Files that hold a secret: what they hold, and their modes. */
import { statSync } from "node:fs";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { settingNamed } from "./table.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";

/**
 * Refuses a secret that others may have replaced; of the links that lead to it only the file counts. Throws `file_error`,
 * and the system's error if there is no file.
 */
export function refuseWritable(path: string): void {
  if ((statSync(path).mode & 0o022) === 0) return;
  throw new VouchError("file_error", `Others may write ${path}.`, { hint: chmodHint(path) });
}

/** Whether every user of the machine may read it: a warning, because a container has one user. */
export function isReadableByAll(path: string): boolean {
  return (statSync(path).mode & 0o004) !== 0;
}

/** Whether its owner, who is not this user, alone may read it. */
export function isUnreadableFor(path: string, uid: number): boolean {
  const stats = statSync(path);
  return stats.uid !== uid && (stats.mode & 0o044) === 0;
}

/** The next command for a file whose mode is too wide. */
export function chmodHint(path: string): string {
  return `Run \`chmod 600 ${path}\`.`;
}

/** Size limit of a secret's file, in bytes. */
const maxSecretBytes = 4096;

/**
 * Reads the secret of a setting from its file, without the line end; `place` is what names the file. Throws `file_error`,
 * also if others may write it.
 */
export function readSecret(
  path: string,
  setting: "database-password-file" | "sso-client-secret-file",
  place: string = setting,
): Secret {
  try {
    const text = readRegularFile(path, maxSecretBytes).toString("utf8");
    refuseWritable(path);
    const secret = text.replace(/\r?\n$/, "");
    if (/^[^\r\n\0]+$/.test(secret)) return new Secret(secret);
    throw new VouchError("file_error", `${place} names ${path}, which is empty or has more than one line.`, {
      hint: "Write the secret into it, and nothing else but a line end.",
    });
  } catch (error) {
    if (error instanceof VouchError) throw error;
    throw new VouchError("file_error", `${place} names ${path}, which cannot be read: ${whyUnreadable(error)}.`, {
      hint: readableHint(path, setting),
      cause: error,
    });
  }
}

/** systemd shows a service's credentials to no other process (systemd.exec(5)). */
function readableHint(path: string, setting: Parameters<typeof readSecret>[1]): string {
  const { variable } = settingNamed(setting);
  const isCredential = path.startsWith("/run/credentials/");
  return isCredential
    ? `Only the service sees its credentials. In a shell name the file that LoadCredential= reads: \`export ${variable}=FILE\`.`
    : `Name a file that this user can read: --${setting} FILE, or in each further shell \`export ${variable}=FILE\`.`;
}
