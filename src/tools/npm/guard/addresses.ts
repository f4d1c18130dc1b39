/** Addresses in a project's files that would carry a token to the registry's host, but not over TLS to its own port. */

export interface Found {
  /** Where in the document: `packages.node_modules/x.resolved`. */
  key: string;
  url: string;
}

/** The first such address in a text; undefined when there is none. `hosts` are as in a parsed URL, with a port if any. */
export function findUnsafeAddress(text: string, hosts: readonly string[]): string | undefined {
  // A URL parser removes tabs and line ends, takes any number of slashes of either kind, and decodes the host's name.
  for (const [candidate] of text.replace(/[\t\r\n]/g, "").matchAll(/https?:[^\s"'<>`|^]*/gi)) {
    const url = URL.parse(candidate);
    if (url === null || !isHostOf(url, hosts)) continue;
    if (url.protocol !== "https:" || !hosts.includes(url.host)) return candidate;
  }
  return undefined;
}

/** Whether the URL has one of the hosts, whatever its port. */
export function isHostOf({ hostname }: URL, hosts: readonly string[]): boolean {
  return hosts.some((host) => host.replace(/:\d+$/, "") === hostname.replace(/\.$/, ""));
}

/** The first such address among all keys and values of a parsed document. */
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
 * Whether a large document can be left unparsed: no plain http, no https address with a port or user name or of an
 * unusual form, and no escape or block that could hide one.
 */
export function isHarmless(text: string): boolean {
  return !/http:|\\|[|>][-+\d]*[ \t]*\r?\n|https:(?!\/\/[^/\\:@\s"']*(?:[/"'\s]|$))/i.test(text);
}
