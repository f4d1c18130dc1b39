/** The address that a request counts for: that of the connection, or the one that a trusted proxy reports. */
import { isIP } from "node:net";

/**
 * The client's address in canonical form. `forwarded` is the X-Forwarded-For header (several headers arrive joined by
 * commas) when a proxy is trusted: its last entry is what the proxy in front wrote, everything before it came from
 * outside. An entry that is no address (`unknown`, an obfuscated name, garbage) leaves the connection's address.
 */
export function clientAddress(connection: string | undefined, forwarded: string | null): string {
  const reported = forwarded === null ? undefined : parseAddress(forwarded.slice(-256).split(",").at(-1) ?? "");
  return reported ?? parseAddress(connection ?? "") ?? "unknown";
}

/**
 * An IP address without port, brackets, quotes and zone; IPv6 compressed and in lower case (RFC 5952), an IPv4-mapped
 * one as IPv4. Undefined for anything else.
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
