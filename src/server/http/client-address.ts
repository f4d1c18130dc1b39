/** The client address for rate limits and the log: the connection's, or the one that a trusted proxy reports. */
import { isIP } from "node:net";

/**
 * Returns the client's address in canonical form. `forwarded` is the X-Forwarded-For header if a proxy is trusted, else
 * null; several headers arrive joined by commas. Only the last entry comes from the trusted proxy, all before it is
 * untrusted input. If that entry is no IP address (`unknown`, an obfuscated name, garbage), the connection's counts.
 */
export function clientAddress(connection: string | undefined, forwarded: string | null): string {
  const reported = forwarded === null ? undefined : parseAddress(forwarded.slice(-256).split(",").at(-1) ?? "");
  return reported ?? parseAddress(connection ?? "") ?? "unknown";
}

/**
 * Returns an IP address without port, brackets, quotes and zone: IPv6 compressed and in lower case (RFC 5952),
 * IPv4-mapped IPv6 as IPv4. Undefined for anything else.
 */
export function parseAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, "$1");
  const [, bracketed, withPort] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(bare) ?? [];
  const address = (bracketed ?? withPort ?? bare).replace(/%.*$/s, "");
  const family = isIP(address);
  if (family === 4) return address;
  if (family !== 6) return undefined;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
