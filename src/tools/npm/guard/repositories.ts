/**
 * Finds URLs in a project's lock files and specifications that lead to another repository of a host that gets a token. npm,
 * yarn 1, bun and deno send the token of the package's registry to an archive on the same host, whatever its path; pnpm to
 * what begins with the repository's path, which `..%2f` leaves again.
 */
import { decodedUri } from "../../../base/net/uri.ts";
import type { Found } from "./addresses.ts";

/** The first such URL in a text; undefined if there is none. `addresses` are what a token is for, as HOST/PATH/. */
export function findOtherRepository(text: string, addresses: readonly string[]): string | undefined {
  for (const [candidate] of text.replace(/[\t\r\n]/g, "").matchAll(/https:[^\s"'<>`|^]*/gi)) {
    if (isOther(candidate, addresses)) return candidate;
  }
  return undefined;
}

/** The first such URL among the values of a parsed document. */
export function otherRepositoryIn(
  document: unknown,
  addresses: readonly string[],
  path: string[] = [],
): Found | undefined {
  if (typeof document === "string") {
    const url = findOtherRepository(document, addresses);
    return url === undefined ? undefined : { key: path.join("."), url };
  }
  if (typeof document !== "object" || document === null) return undefined;
  for (const [name, value] of Object.entries(document)) {
    // A key of pnpm's lock file: `x@https://…`.
    const url = findOtherRepository(name, addresses);
    const found =
      url === undefined
        ? otherRepositoryIn(value, addresses, [...path, name])
        : { key: [...path, name].join("."), url };
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a document need not be parsed for them: no URL has one of the hosts and another path, or an unusual form. */
export function hasOwnRepositoriesOnly(text: string, addresses: readonly string[]): boolean {
  if (/https:(?!\/\/[\w.-]*(?:[/"'\s]|$))/i.test(text)) return false;
  const hosts = [...new Set(addresses.map(hostOf))].map((host) => host.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  const ofHosts = new RegExp(`https://(?:${hosts.join("|")})[./][^\\s"'<>\`|^]*`, "gi");
  return !text.match(ofHosts)?.some((url) => isOther(url, addresses));
}

function isOther(candidate: string, addresses: readonly string[]): boolean {
  const url = URL.parse(candidate);
  const host = url?.host.replace(/\.(?=:|$)/, "");
  if (url === null || !addresses.some((address) => hostOf(address) === host)) return false;
  const isOwn = addresses.some((address) => `${host}${url.pathname}/`.startsWith(address));
  return !isOwn || leavesFolder(candidate);
}

/** Whether the path has a segment `..`, under any encoding that the registry or a tool may decode. */
function leavesFolder(candidate: string): boolean {
  let path = candidate.replace(/[?#].*$/s, "");
  for (let decoded = decodedUri(path); decoded !== path; decoded = decodedUri(path)) path = decoded;
  return /[/\\]\.\.?(?:[/\\]|$)/.test(path);
}

function hostOf(address: string): string {
  return address.slice(0, address.indexOf("/"));
}
