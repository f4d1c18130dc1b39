/** Single sign-on as the request handlers see it. */
import { VouchError } from "../../base/errors.ts";
import { OngoingFailure } from "../ongoing-failure.ts";
import type { KeyProtector } from "../signing/protection.ts";
import type { Store } from "../store/store.ts";
import type { IdentityProvider } from "./provider.ts";
import type { Recheck, RecheckOptions } from "./recheck/recheck.ts";
import type { SsoSettings } from "./settings.ts";

export interface SingleSignOn {
  /** What people call the provider. */
  name: string;
  settings: SsoSettings;
  provider: Pick<IdentityProvider, "authorizationUrl" | "finish" | "offersRefreshTokens">;
  /** Asks the provider at each login; undefined where the settings do not want it. */
  recheck: Recheck | undefined;
  stop(): Promise<void>;
}

interface Surroundings extends Pick<RecheckOptions, "asked" | "waitMs"> {
  url: string;
  store: Store;
  /** The key-encryption key. */
  protector: KeyProtector | undefined;
  /** Seconds since 1970. */
  now: () => number;
  /** Is given why discovery failed, or a question at a login. */
  failed: (event: "sso_failed" | "sso_recheck_failed", reason: string) => void;
}

/**
 * Opens single sign-on at the server with this URL. Discovery goes on in the background: a provider that is away holds up
 * nothing, and `failed` is given why. Throws `usage` where people are to be asked about without a key-encryption key.
 */
export async function openSingleSignOn(
  settings: SsoSettings | undefined,
  { url, store, protector, now, failed, asked, waitMs }: Surroundings,
): Promise<SingleSignOn | undefined> {
  if (settings === undefined) return undefined;
  // Imported lazily: most servers have no single sign-on.
  const { IdentityProvider } = await import("./provider.ts");
  const failure = new OngoingFailure((reason) => failed("sso_failed", reason));
  const redirectUri = `${url}/sso/callback`;
  const discovered = (reason: string | undefined) => failure.report(reason);
  const provider = new IdentityProvider({ settings, redirectUri, env: process.env, now, discovered });
  const { recheck: rule } = settings;
  let recheck: Recheck | undefined;
  if (rule !== undefined) {
    if (protector === undefined) throw new VouchError("usage", "Expected a key-encryption key for refresh tokens.");
    const { Recheck: Asking } = await import("./recheck/recheck.ts");
    recheck = new Asking({
      store,
      provider,
      settings,
      protector,
      asked,
      waitMs,
      server: url,
      graceSeconds: rule.graceSeconds,
      failed: (reason) => failed("sso_recheck_failed", reason),
    });
  }
  provider.start();
  return {
    name: settings.name,
    settings,
    provider,
    recheck,
    async stop() {
      await recheck?.stop();
      await provider.stop();
    },
  };
}
