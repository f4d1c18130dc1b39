/**
 * Matches a URL to a configured repository, so that a token goes only to its own endpoint, under whichever of AWS's
 * hosts. URLs from package managers come from files of the current folder: untrusted input until they match.
 */
import { equivalentEndpoints } from "../aws/package-endpoints.ts";
import type { RepositorySettings, Settings } from "./settings.ts";

/** Package formats with endpoints. */
type Format = keyof RepositorySettings["endpoints"];

export interface FoundRegistry {
  repository: RepositorySettings;
  format: Format;
  /** The endpoint that the URL lies in: verbatim from the settings, or the same repository under AWS's other host. */
  endpoint: string;
}

/**
 * Allowed URL syntax: `https`, no user information other than `aws` without a password, a plain ASCII host, no query,
 * no fragment, and nothing in the path that a URL parser would decode or rewrite (`%`, `\`, white space).
 */
const plainUrl = /^(sparse\+)?https:\/\/(?:aws:?@)?([a-z0-9.-]+(?::[0-9]{1,5})?)(\/[\w.~!$&'()*+,;=:@/-]*)?$/i;

const maxLength = 2048;

interface Place {
  /** Host in lower case, with the port if it is not 443. */
  host: string;
  /** Path segments, without an empty first or last one. */
  segments: string[];
}

/**
 * Returns the configured endpoint (of `format`, if given) that contains the URL: same scheme, host and port, and the
 * endpoint's path is a prefix by whole segments. AWS's other host of the same repository counts as well. Undefined for anything else, including a bare host: pip and uv retry
 * with the host after the URL was refused, and it implies neither scheme nor repository.
 */
export function findRegistry(settings: Settings, url: string, format?: Format): FoundRegistry | undefined {
  if (url.length > maxLength) return undefined;
  const sparse = /^sparse\+/i.test(url);
  if (sparse && format !== undefined && format !== "cargo") return undefined;
  const asked = placeOf(url);
  if (!asked) return undefined;
  const wanted = sparse ? "cargo" : format;
  return knownEndpoints(settings).find(
    ({ found, place }) =>
      (wanted === undefined || wanted === found.format) &&
      place?.host === asked.host &&
      place.segments.every((segment, index) => segment === asked.segments[index]),
  )?.found;
}

/**
 * Whether the URL's host is that of a configured endpoint, with any scheme, port and path: a token sent by host would
 * go there. Fails closed, as the result decides what is refused: an unparsable authority counts as such a host.
 */
export function isOnConfiguredHost(settings: Settings, url: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority === undefined) return false;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  // Parsers differ on whether a backslash ends the authority.
  if (authority.includes("\\") || !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?$/i.test(host)) return true;
  return knownEndpoints(settings).some(({ name }) => name === nameOf(host));
}

/** The configured endpoint, and the same one under AWS's other hosts. */
export function endpointsOf(repository: RepositorySettings, format: Format): string[] {
  const endpoint = repository.endpoints[format];
  return endpoint === undefined ? [] : [endpoint, ...equivalentEndpoints(repository, format, endpoint)];
}

interface KnownEndpoint {
  found: FoundRegistry;
  /** Undefined for an endpoint that gets no token, such as one of plain http. */
  place: Place | undefined;
  /** The host, as `nameOf` gives it. */
  name: string;
}

/** The agent keeps its settings until their file changes, and a package manager asks for many URLs. */
const known = new WeakMap<Settings, KnownEndpoint[]>();

function knownEndpoints(settings: Settings): KnownEndpoint[] {
  const cached = known.get(settings);
  if (cached) return cached;
  const all = settings.repositories.flatMap((repository) =>
    (Object.keys(repository.endpoints) as Format[]).flatMap((format) =>
      endpointsOf(repository, format).map((endpoint) => ({
        found: { repository, format, endpoint },
        place: placeOf(endpoint),
        name: nameOf(URL.parse(endpoint)?.host),
      })),
    ),
  );
  known.set(settings, all);
  return all;
}

/** Returns the host name without port and final dot, in lower case. */
function nameOf(host = ""): string {
  return host
    .toLowerCase()
    .replace(/:[0-9]*$/, "")
    .replace(/\.$/, "");
}

function placeOf(text: string): Place | undefined {
  const match = plainUrl.exec(text);
  if (!match) return undefined;
  const url = URL.parse(`https://${match[2]}/`);
  // Compare the path verbatim: a URL parser would resolve `..` first.
  const segments = (match[3] ?? "/").replace(/^\//, "").replace(/\/$/, "").split("/");
  const path = segments.length === 1 && segments[0] === "" ? [] : segments;
  if (!url || path.some((segment) => /^\.{0,2}$/.test(segment))) return undefined;
  return { host: url.host, segments: path };
}
