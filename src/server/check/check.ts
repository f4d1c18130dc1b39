/** Everything that `vouch server run` needs, looked at without changing anything. */
import type { Environment } from "../../base/environment.ts";
import { databasePassword } from "../configuration/database-password.ts";
import { find, type Flags } from "../configuration/settings.ts";
import { checkAttestation } from "./attestation.ts";
import { checkBrowserLogin } from "./browser-login.ts";
import { checkDatabase, checkSigningKeys } from "./database.ts";
import { checkAuditLog, checkCertificate, checkKeyEncryptionKey, checkPassword } from "./files.ts";
import { areRight, type Finding } from "./finding.ts";
import { checkAddresses } from "./listen.ts";
import type { Look } from "../store/look.ts";
import { checkSingleSignOn } from "./single-sign-on.ts";
import { type CheckedSettings, checkSettings } from "./values.ts";

export interface Checked {
  findings: Finding[];
  settings: CheckedSettings["shown"];
}

/** Looks at everything, one after the other; `now` in seconds since 1970. */
export async function checkServer(flags: Flags, env: Environment, now: number): Promise<Checked> {
  const checked = checkSettings(flags, env);
  const { settings, findings } = checked;
  if (checked.isUnknown) return { findings, settings: checked.shown };
  const password = checkPassword(checked);
  const { config } = checked;
  const { findings: ofKek, protector } = await checkKeyEncryptionKey(settings, env);
  findings.push(...password, ...ofKek);
  let url = settings.url;
  let look: Look | undefined;
  if (settings.database !== undefined && password.every(({ level }) => level !== "error")) {
    const secret = databasePassword(find("database-password-file", checked.sources));
    const { findings: ofDatabase, found } = await checkDatabase(settings.database, secret, settings.url);
    findings.push(...ofDatabase);
    url = found?.configuration?.url ?? url;
    look = found;
    // Without the key that was named, each signing key would be reported for the same reason.
    const hasKek = areRight(settings, ["key-encryption-key"]) && (!settings["key-encryption-key"] || protector);
    if (found !== undefined && hasKek) findings.push(...(await checkSigningKeys(found, protector, { now, config })));
  }
  const host = url === undefined ? undefined : new URL(url).hostname;
  const hasTls = areRight(settings, ["tls-cert", "tls-key"]);
  if (hasTls && findings.every(({ check }) => check !== "certificate")) {
    findings.push(...checkCertificate(settings, host, now));
  }
  findings.push(...(await checkAttestation(settings, look, now)));
  findings.push(...checkAuditLog(settings, config));
  findings.push(...checkBrowserLogin(settings));
  findings.push(...(await checkSingleSignOn(settings, url, { env, now })));
  findings.push(...(await checkAddresses(settings, url)));
  return { findings, settings: checked.shown };
}
