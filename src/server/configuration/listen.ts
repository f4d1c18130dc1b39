/** Addresses to listen on. */
import { VouchError } from "../../base/errors.ts";
import { isLoopback } from "../../base/net/loopback.ts";

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

/**
 * Why a server with this URL is reached only through a proxy, if its URL names this machine and another port than
 * `port`, which it listens on; else undefined.
 */
export function portDiffers(serverUrl: string, port: number): string | undefined {
  const url = new URL(serverUrl);
  const expected = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (!isLoopback(url.hostname) || expected === String(port)) return undefined;
  return `${serverUrl} has port ${expected}, and the server listens on ${port === 0 ? "a free one" : port}: without a proxy between them nobody reaches it. Give --listen the URL's port.`;
}

/** Why an address cannot be listened on, by the error's code (errno), and what to do; `flag` has the address. */
export function describeListenError(
  code: string | undefined,
  { hostname, port }: ListenAddress,
  flag: "listen" | "metrics-listen",
): { message: string; hint: string } {
  const place = `${bracketed(hostname)}:${port}`;
  const another = `Choose another with --${flag} HOST:PORT.`;
  switch (code) {
    case "EADDRINUSE":
      return { message: `${place} is in use by another program.`, hint: another };
    case "EACCES":
      return {
        message: `${place}: this user may not listen on a port below 1024.`,
        hint: "Take a higher one, or give the server CAP_NET_BIND_SERVICE.",
      };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return { message: `${place}: this machine has no such address.`, hint: another };
    default:
      return { message: `${place} cannot be listened on${code === undefined ? "" : `: ${code}`}.`, hint: another };
  }
}
