/** Addresses to listen on. */
import { VouchError } from "../../base/errors.ts";

export interface ListenAddress {
  /** Without brackets. */
  hostname: string;
  /** 0 takes a free one. */
  port: number;
}

/** Parses HOST:PORT, with an IPv6 host in brackets; `flag` is the flag's name for the message. Throws `usage`. */
export function parseListen(text: string, flag: string): ListenAddress {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) throw new VouchError("usage", `Expected --${flag} HOST:PORT, got "${text}".`);
  return { hostname: match[1].replaceAll(/[[\]]/g, ""), port };
}

/** Returns the host with brackets around IPv6, as before a port. */
export function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** Returns the URL host for a listening address: brackets around IPv6, loopback for the wildcard address. */
export function urlHost(hostname: string): string {
  const bare = hostname.replaceAll(/[[\]]/g, "");
  if (bare === "0.0.0.0") return "127.0.0.1";
  if (bare === "::") return "[::1]";
  return bracketed(bare);
}
