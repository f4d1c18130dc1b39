/** Looks at the files that settings name: certificate, password, key-encryption key. */
import { count } from "../../base/words/count.ts";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { checkAuditFile } from "../audit/file.ts";
import { databasePassword } from "../configuration/database-password.ts";
import { filesInUse, keyFile, serverUser } from "../configuration/files.ts";
import { chmodHint, isReadableByAll, isUnreadableFor, refuseWritable } from "../configuration/secret-file.ts";
import { find } from "../configuration/settings.ts";
import type { Settings } from "../configuration/table.ts";
import { readTls, tlsFiles } from "../configuration/tls.ts";
import { openKeyEncryptionKey } from "../signing/key-encryption-key.ts";
import type { KeyProtector } from "../signing/protection.ts";
import { failed, type Finding, ok, problem, warning } from "./finding.ts";
import type { CheckedSettings } from "./values.ts";

/** A certificate that ends sooner is warned of. */
const soonDays = 21;
const daySeconds = 24 * 3600;

/** `now` in seconds since 1970; `host` is the server's, if it is known. */
export function checkCertificate(settings: Partial<Settings>, host: string | undefined, now: number): Finding[] {
  const check = "certificate";
  try {
    const files = tlsFiles({ "tls-cert": settings["tls-cert"], "tls-key": settings["tls-key"] });
    if (files === undefined) return [];
    const { cert, key } = readTls(files);
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return [problem(check, `${files.key} is not the key of ${files.cert}.`)];
    }
    const findings = [
      validity(certificate, files.cert, now),
      ...findUnreadable(check, [files.cert, files.key], settings),
    ];
    if (host !== undefined && certificate.checkHost(host) === undefined) {
      findings.push(warning(check, `${files.cert} is not for ${host}: clients refuse it.`));
    }
    return [...findings, ...warnOfMode(check, files.key)];
  } catch (error) {
    if (error instanceof Error && error.name !== "VouchError")
      return [problem(check, "The certificate or its key is not PEM.")];
    return [failed(check, error)];
  }
}

function validity({ validFromDate, validToDate }: X509Certificate, path: string, now: number): Finding {
  const check = "certificate";
  const end = validToDate.toISOString().slice(0, 10);
  const days = Math.floor((validToDate.getTime() / 1000 - now) / daySeconds);
  if (validFromDate.getTime() / 1000 > now) {
    return problem(check, `${path} is valid only from ${validFromDate.toISOString()} on.`);
  }
  if (days < 0) return problem(check, `${path} ended on ${end}.`, "Renew it, and send the server SIGHUP.");
  if (days < soonDays)
    return warning(check, `${path} ends on ${end}, in ${count(days, "day")}.`, "Renew it, and send the server SIGHUP.");
  return ok(check, `${path} and its key fit, until ${end}`);
}

/** `config` is the path of the configuration file. */
export function checkAuditLog(settings: Partial<Settings>, config: string | undefined): Finding[] {
  const check = "audit log";
  const path = settings["audit-log"];
  if (path === undefined || path === "-") return [];
  try {
    checkAuditFile(path, filesInUse(settings, config));
    return [ok(check, `${path} can be written`)];
  } catch (error) {
    return [failed(check, error)];
  }
}

export function checkPassword({ sources }: CheckedSettings): Finding[] {
  const check = "database password";
  try {
    const found = find("database-password-file", sources);
    if (databasePassword(found) === undefined) return [];
    return [ok(check, `${found.value} can be read`), ...warnOfMode(check, found.value!)];
  } catch (error) {
    return [failed(check, error)];
  }
}

/** Opens the key-encryption key, which the signing keys are then tried with. */
export async function checkKeyEncryptionKey(
  settings: Partial<Settings>,
  env: CheckedSettings["sources"]["env"],
): Promise<{ findings: Finding[]; protector: KeyProtector | undefined }> {
  const check = "key-encryption key";
  const source = settings["key-encryption-key"];
  if (source === undefined) return { findings: [], protector: undefined };
  try {
    const protector = await openKeyEncryptionKey(source, env);
    const file = keyFile(source);
    if (file !== undefined) refuseWritable(file);
    const modes = file === undefined ? [] : [...findUnreadable(check, [file], settings), ...warnOfMode(check, file)];
    return { findings: [ok(check, `${protector.kek} can be read`), ...modes], protector };
  } catch (error) {
    return { findings: [failed(check, error)], protector: undefined };
  }
}

/** Root, who can read everything, looks on behalf of the server's user. */
function findUnreadable(check: string, paths: string[], settings: Partial<Settings>): Finding[] {
  const user = process.geteuid?.() === 0 ? serverUser(settings) : undefined;
  if (user === undefined || user === 0) return [];
  const hint = (path: string) => `Run \`chgrp GROUP ${path}\` and \`chmod 640 ${path}\`, with a group of that user.`;
  return paths
    .filter((path) => isUnreadableFor(path, user))
    .map((path) => problem(check, `The server's user (uid ${user}) may not read ${path}.`, hint(path)));
}

/** A secret that everybody on the machine can read is warned of, not refused: a container has one user. */
function warnOfMode(check: string, path: string): Finding[] {
  if (!isReadableByAll(path)) return [];
  return [warning(check, `Everybody on this machine may read ${path}.`, chmodHint(path))];
}
