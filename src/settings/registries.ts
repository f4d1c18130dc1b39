/**
 * Which configured repository a URL belongs to. A token goes only to the endpoint that it is for, and the URLs that
 * package managers ask about come from files of the current folder: everything here is hostile until it matches.
 */
import type { RepositorySettings, Settings } from "./settings.ts";

/** The formats that endpoints are configured for. */
type Format = keyof RepositorySettings["endpoints"];

export interface FoundRegistry {
  repository: RepositorySettings;
  format: Format;
  /** As it stands in the settings. */
  endpoint: string;
}

/**
 * What a URL may look like at all: `https`, at most the user name `aws` without a password, a plain ASCII host, no
 * query, no fragment, and nothing in the path that a URL parser would decode or rewrite (`%`, `\`, white space).
 */
const plainUrl = /^(sparse\+)?https:\/\/(?:aws:?@)?([a-z0-9.-]+(?::[0-9]{1,5})?)(\/[\w.~!$&'()*+,;=:@/-]*)?$/i;

const maxLength = 2048;

interface Place {
  /** Host in lower case, with the port when it is not 443. */
  host: string;
  /** The path without the empty segments at its ends. */
  segments: string[];
}

/**
 * The configured endpoint (of that format, when given) that the URL lies in: same scheme, host and port, and a path
 * that begins with the endpoint's path, by whole segments. Returns undefined for everything else, a bare host too: pip
 * and uv ask for the host once the URL itself was refused, and it says neither scheme nor repository.
 */
export function findRegistry(settings: Settings, url: string, format?: Format): FoundRegistry | undefined {
  if (url.length > maxLength) return undefined;
  const sparse = /^sparse\+/i.test(url);
  if (sparse && format !== undefined && format !== "cargo") return undefined;
  const asked = placeOf(url);
  if (!asked) return undefined;
  return find(
    settings,
    sparse ? "cargo" : format,
    ({ host, segments }) =>
      host === asked.host && segments.every((segment, index) => segment === asked.segments[index]),
  );
}

/**
 * Whether the URL's host is that of a configured endpoint, whatever its scheme, port and path: a token that follows the
 * host would go there. Read generously, because it decides what is refused: what cannot be read counts as such a host.
 */
export function isOnConfiguredHost(settings: Settings, url: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority === undefined) return false;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  // Some parsers end the authority at a backslash, others do not.
  if (authority.includes("\\") || !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?$/i.test(host)) return true;
  const name = nameOf(host);
  return settings.repositories.some(({ endpoints }) =>
    Object.values(endpoints).some((endpoint) => endpoint !== undefined && nameOf(URL.parse(endpoint)?.host) === name),
  );
}

/** The host's name without port and final dot, in lower case. */
function nameOf(host = ""): string {
  return host
    .toLowerCase()
    .replace(/:[0-9]*$/, "")
    .replace(/\.$/, "");
}

function find(
  settings: Settings,
  format: Format | undefined,
  matches: (place: Place) => boolean,
): FoundRegistry | undefined {
  for (const repository of settings.repositories) {
    for (const [name, endpoint] of Object.entries(repository.endpoints) as [Format, string | undefined][]) {
      if (endpoint === undefined || (format !== undefined && format !== name)) continue;
      const place = placeOf(endpoint);
      if (place && matches(place)) return { repository, format: name, endpoint };
    }
  }
  return undefined;
}

function placeOf(text: string): Place | undefined {
  const match = plainUrl.exec(text);
  if (!match) return undefined;
  const url = URL.parse(`https://${match[2]}/`);
  // The path is compared as it was written; the parser would resolve `..` first.
  const segments = (match[3] ?? "/").replace(/^\//, "").replace(/\/$/, "").split("/");
  const path = segments.length === 1 && segments[0] === "" ? [] : segments;
  if (!url || path.some((segment) => /^\.{0,2}$/.test(segment))) return undefined;
  return { host: url.host, segments: path };
}
