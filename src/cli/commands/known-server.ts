/** The Vouch server that this machine uses: its URL as it is typed, and what the settings keep of it. */
import { loadSettings, saveSettings, type Settings } from "../../settings/settings.ts";
import { serverOrigin } from "../../base/net/server-origin.ts";
import { VouchError } from "../../base/errors.ts";
import { warn } from "../terminal/terminal.ts";

/**
 * The server's URL as its issuer is written: https (http to loopback), no slash at the end.
 * Throws `usage` when it is more than an origin.
 */
export function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) {
    throw new VouchError("usage", `--server expects a URL, got "${text}".`, {
      hint: URL.canParse(`https://${text}`) ? `Did you mean https://${text}?` : undefined,
    });
  }
  const origin = serverOrigin(text);
  if (origin !== undefined) return origin;
  const isPlain = url.protocol === "http:" && serverOrigin(text.replace(/^http:/i, "https:")) !== undefined;
  throw new VouchError(
    "usage",
    isPlain || !/^https?:$/.test(url.protocol)
      ? `--server expects an https URL, got "${text}".`
      : `--server expects a URL without user name, path, query and fragment, got "${text}".`,
    { hint: `Give the server's URL, like https://${url.hostname || "vouch.example.com"}` },
  );
}

/** Says so when another server is about to be replaced. */
export function warnOfReplacement(settings: Settings, server: string): void {
  if (settings.server && settings.server.url !== server) {
    warn(`This machine is enrolled at ${settings.server.url}; ${server} takes its place.`);
  }
}

/** Keeps the server, its user when told, and these credential ids (base64url), beside what is known of the same server. */
export function rememberServer(server: string, credentialIds: readonly string[], user?: string): void {
  const settings = loadSettings();
  const known = settings.server?.url === server ? settings.server : undefined;
  const name = user ?? known?.user;
  saveSettings({
    ...settings,
    server: {
      url: server,
      ...(name === undefined ? {} : { user: name }),
      credentialIds: [...new Set([...(known?.credentialIds ?? []), ...credentialIds])],
    },
  });
}

/** Forgets the id of a credential that was removed. */
export function forgetCredential(id: string): void {
  const settings = loadSettings();
  if (!settings.server?.credentialIds.includes(id)) return;
  const credentialIds = settings.server.credentialIds.filter((known) => known !== id);
  saveSettings({ ...settings, server: { ...settings.server, credentialIds } });
}
