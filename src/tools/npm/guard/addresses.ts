/** Finds URLs in a project's files that would carry a token to the registry's host without TLS, or to another port. */

export interface Found {
  /** Path in the document: `packages.node_modules/x.resolved`. */
  key: string;
  url: string;
}

/** The first such URL in a text; undefined if there is none. `hosts` are as in a parsed URL, with a port if any. */
export function findUnsafeAddress(text: string, hosts: readonly string[]): string | undefined {
  // URL parsers remove tabs and line ends, accept any number of slashes of either kind, and decode the host.
  for (const [candidate] of text.replace(/[\t\r\n]/g, "").matchAll(/https?:[^\s"'<>`|^]*/gi)) {
    const url = URL.parse(candidate);
    if (url === null || !isHostOf(url, hosts)) continue;
    const isOwnPort = hosts.includes(url.host) || (url.port === "" && hosts.some((host) => matches(host, url)));
    if (url.protocol !== "https:" || !isOwnPort) return candidate;
  }
  return undefined;
}

/** Whether the URL has one of the hosts, on any port; in a host `*` stands for any characters. */
export function isHostOf(url: URL, hosts: readonly string[]): boolean {
  return hosts.some((host) => matches(host, url) || host.replace(/:\d+$/, "") === nameOf(url));
}

/** Whether the host is a pattern that the URL's matches. */
function matches(host: string, url: URL): boolean {
  return host.includes("*") && new Bun.Glob(host).match(nameOf(url));
}

function nameOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "");
}

/** The first such URL among all keys and values of a parsed document. */
export function findInDocument(document: unknown, hosts: readonly string[], path: string[] = []): Found | undefined {
  if (typeof document === "string") {
    const url = findUnsafeAddress(document, hosts);
    return url === undefined ? undefined : { key: path.join("."), url };
  }
  if (typeof document !== "object" || document === null) return undefined;
  for (const [name, value] of Object.entries(document)) {
    const inner = [...path, name];
    const url = findUnsafeAddress(name, hosts);
    const found = url === undefined ? findInDocument(value, hosts, inner) : { key: inner.join("."), url };
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Whether a large document need not be parsed: no plain http, no https URL with a port, a user name or an unusual form,
 * and no escape or block scalar that could hide one.
 */
export function isHarmless(text: string): boolean {
  return !/http:|\\|[|>][-+\d]*[ \t]*\r?\n|https:(?!\/\/[^/\\:@\s"']*(?:[/"'\s]|$))/i.test(text);
}
