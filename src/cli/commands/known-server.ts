/** The machine's Vouch server: parses its URL and stores it in the settings. */
import { loadSettings, saveSettings, type Settings } from "../../settings/settings.ts";
import { serverOrigin } from "../../base/net/server-origin.ts";
import { VouchError } from "../../base/errors.ts";
import { warn } from "../terminal/terminal.ts";

/**
 * Parses the server's URL and returns it in the issuer's form: https (http for loopback), no final slash.
 * Throws `usage` if it is more than an origin.
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

/** Warns if the settings have another server, which will be replaced. */
export function warnOfReplacement(settings: Settings, server: string): void {
  if (settings.server && settings.server.url !== server) {
    warn(`This machine is enrolled at ${settings.server.url}; ${server} takes its place.`);
  }
}

/**
 * Stores the server, its user if given, and these credential ids (base64url); keeps earlier data of the same server.
 */
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

/** Deletes the id of a removed credential from the settings. */
export function forgetCredential(id: string): void {
  const settings = loadSettings();
  if (!settings.server?.credentialIds.includes(id)) return;
  const credentialIds = settings.server.credentialIds.filter((known) => known !== id);
  saveSettings({ ...settings, server: { ...settings.server, credentialIds } });
}
