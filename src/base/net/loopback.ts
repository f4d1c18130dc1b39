/**
 * Whether a URL's host name (as `URL.hostname` gives it, IPv6 in brackets or without) is this machine: no TLS is
 * needed.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || /^127(\.\d{1,3}){3}$/.test(hostname) || /^(::1|\[::1\])$/.test(hostname);
}
