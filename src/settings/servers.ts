/** The Vouch servers of the settings: the default one, and those of profiles; a session of its own belongs to each. */
import type { ServerSettings, Settings } from "./settings.ts";

/** The server whose session leads to a profile's role, or to what has no profile; undefined: the default one. */
export function serverOf(profile: string | undefined, { profiles = {}, server }: Settings): string | undefined {
  const url = profile !== undefined && Object.hasOwn(profiles, profile) ? profiles[profile]?.server : undefined;
  return url === server?.url ? undefined : url;
}

/** The servers of profiles that are not the default one, each with the names of its profiles. */
export function profileServers(settings: Settings): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of Object.keys(settings.profiles ?? {})) {
    const url = serverOf(name, settings);
    if (url !== undefined) found.set(url, [...(found.get(url) ?? []), name]);
  }
  return found;
}

/** Whether the settings have it as the default server, or as one of a profile that has been used. */
export function isKnownServer(url: string, settings: Settings): boolean {
  if (settings.server?.url === url) return true;
  return profileServers(settings).has(url) && serverData(url, settings) !== undefined;
}

/** What is known of the server; undefined if it is not known. */
export function serverData(url: string, { server, servers = [] }: Settings): ServerSettings | undefined {
  return [server, ...servers].find((each) => each?.url === url);
}

/** The settings without what is known of servers that no profile names any more. */
export function withoutUnusedServers(settings: Settings): Settings {
  const named = new Set(Object.values(settings.profiles ?? {}).map(({ server }) => server));
  const servers = settings.servers?.filter(({ url }) => named.has(url));
  return servers?.length === settings.servers?.length ? settings : { ...settings, servers };
}

/** The settings with this data of a server: beside the others if a profile names it, else as the default one. */
export function withServer(data: ServerSettings, settings: Settings): Settings {
  const { server, servers = [] } = settings;
  const others = servers.filter(({ url }) => url !== data.url);
  const named = profileServers(settings);
  if (named.has(data.url)) return { ...settings, servers: [...others, data] };
  const isNeeded =
    server !== undefined && Object.values(settings.profiles ?? {}).some((each) => each.server === server.url);
  // The former default server may be that of a profile, too.
  const kept = isNeeded && server.url !== data.url ? [...others, server] : others;
  return { ...settings, server: data, ...(kept.length > 0 ? { servers: kept } : {}) };
}
