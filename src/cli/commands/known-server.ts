/** The machine's Vouch servers: parses their URLs and stores them in the settings. */
import { profileServers, serverData, withServer } from "../../settings/servers.ts";
import { loadSettings, saveSettings, type ServerSettings, type Settings } from "../../settings/settings.ts";
import { serverOrigin } from "../../base/net/server-origin.ts";
import { VouchError } from "../../base/errors.ts";
import { note, warn } from "../terminal/terminal.ts";

/**
 * Parses the server's URL and returns it in the issuer's form: https (http for loopback), no final slash.
 * Throws `usage` if it is more than an origin; `expected` begins the message ("--server expects").
 */
export function serverUrl(text: string, expected = "--server expects"): string {
  const url = URL.parse(text);
  if (!url) {
    throw new VouchError("usage", `${expected} a URL, got "${text}".`, {
      hint: URL.canParse(`https://${text}`) ? `Did you mean https://${text}?` : undefined,
    });
  }
  const origin = serverOrigin(text);
  if (origin !== undefined) return origin;
  const isPlain = url.protocol === "http:" && serverOrigin(text.replace(/^http:/i, "https:")) !== undefined;
  throw new VouchError(
    "usage",
    isPlain || !/^https?:$/.test(url.protocol)
      ? `${expected} an https URL, got "${text}".`
      : `${expected} a URL without user name, path, query and fragment, got "${text}".`,
    { hint: `Give the server's URL, like https://${url.hostname || "vouch.example.com"}` },
  );
}

/** Warns if the settings have another server, which will be replaced: one that a profile names stands beside it. */
export function warnOfReplacement(settings: Settings, server: string): void {
  if (settings.server === undefined || settings.server.url === server || profileServers(settings).has(server)) return;
  warn(`This machine is enrolled at ${settings.server.url}; ${server} takes its place once this succeeds.`);
  note(
    `To keep both, first name the other one's role: \`vouch setup aws --profile NAME --server ${server} --role ARN --region REGION\`.`,
  );
}

/**
 * Stores the server, its user if given, and these credential ids (base64url); keeps earlier data of the same server.
 */
export function rememberServer(server: string, credentialIds: readonly string[], user?: string): void {
  const settings = loadSettings();
  const known = serverData(server, settings);
  const name = user ?? known?.user;
  const data: ServerSettings = {
    url: server,
    ...(name === undefined ? {} : { user: name }),
    credentialIds: [...new Set([...(known?.credentialIds ?? []), ...credentialIds])],
  };
  saveSettings(withServer(data, settings));
}

/** Deletes the id of a removed credential from the settings. */
export function forgetCredential(id: string): void {
  const settings = loadSettings();
  const { server, servers = [] } = settings;
  if (![server, ...servers].some((each) => each?.credentialIds.includes(id))) return;
  const without = (data: ServerSettings) => ({
    ...data,
    credentialIds: data.credentialIds.filter((each) => each !== id),
  });
  saveSettings({
    ...settings,
    ...(server === undefined ? {} : { server: without(server) }),
    ...(servers.length === 0 ? {} : { servers: servers.map(without) }),
  });
}
