/** Single sign-on as the request handlers see it. */
import { OngoingFailure } from "../ongoing-failure.ts";
import type { IdentityProvider } from "./provider.ts";
import type { SsoSettings } from "./settings.ts";

export interface SingleSignOn {
  /** What people call the provider. */
  name: string;
  settings: SsoSettings;
  provider: Pick<IdentityProvider, "authorizationUrl" | "finish" | "stop">;
}

/**
 * Opens single sign-on at the server with this URL. Discovery goes on in the background: a provider that is away holds up
 * nothing, and `failed` is given why. `now` in seconds since 1970.
 */
export async function openSingleSignOn(
  settings: SsoSettings | undefined,
  { url, now, failed }: { url: string; now: () => number; failed: (reason: string) => void },
): Promise<SingleSignOn | undefined> {
  if (settings === undefined) return undefined;
  // Imported lazily: most servers have no single sign-on.
  const { IdentityProvider } = await import("./provider.ts");
  const failure = new OngoingFailure(failed);
  const redirectUri = `${url}/sso/callback`;
  const discovered = (reason: string | undefined) => failure.report(reason);
  const provider = new IdentityProvider({ settings, redirectUri, env: process.env, now, discovered });
  provider.start();
  return { name: settings.name, settings, provider };
}
