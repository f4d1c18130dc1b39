/** Looks at single sign-on: whether its settings go together, its secret, and whether the provider answers. */
import type { Environment } from "../../base/environment.ts";
import { chmodHint, isReadableByAll } from "../configuration/secret-file.ts";
import { ssoTable } from "../configuration/table-sso.ts";
import type { Settings } from "../configuration/table.ts";
import { ssoSettings } from "../sso/settings.ts";
import { areRight, failed, type Finding, ok, warning } from "./finding.ts";

const check = "single sign-on";
const unaskedHint =
  "It may give no refresh tokens: then it is not asked at logins (sso-recheck). `vouch server users` says about whom.";

/** A provider that is away is warned of: a server starts without it. `now` in seconds since 1970. */
export async function checkSingleSignOn(
  settings: Partial<Settings>,
  url: string | undefined,
  { env, now }: { env: Environment; now: number },
): Promise<Finding[]> {
  // A value that is wrong is reported for itself.
  if (!areRight(settings, [...Object.keys(ssoTable), "pages"])) return [];
  try {
    const sso = ssoSettings(settings);
    if (sso === undefined) return [];
    const secretFile = settings["sso-client-secret-file"];
    const modes =
      secretFile !== undefined && isReadableByAll(secretFile)
        ? [warning(check, `Everybody on this machine may read ${secretFile}.`, chmodHint(secretFile))]
        : [];
    const { IdentityProvider } = await import("../sso/provider.ts");
    const redirectUri = `${url ?? "https://HOST"}/sso/callback`;
    const provider = new IdentityProvider({ settings: sso, redirectUri, env, now: () => now, discovered: () => {} });
    const always = [ok(check, `the redirect URI to register at ${sso.issuer} is ${redirectUri}`), ...modes];
    try {
      const { isOffline } = await provider.look();
      const isUnasked = sso.recheck !== undefined && !isOffline;
      return [
        ok(check, `${sso.issuer} answers`),
        ...(isUnasked ? [warning(check, `${sso.issuer} names no scope offline_access.`, unaskedHint)] : []),
        ...always,
      ];
    } catch (error) {
      const reason = `The identity provider ${sso.issuer} cannot be used: ${(error as Error).message}.`;
      return [
        warning(check, reason, "Nobody can sign on until it answers; the server starts all the same."),
        ...always,
      ];
    }
  } catch (error) {
    return [failed(check, error)];
  }
}
