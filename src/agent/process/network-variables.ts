/** The variables of a process that decide about proxies and certificates, as `vouch status` shows them. */
import { printable } from "../../base/printable.ts";

/** Proxies, certificate authorities and verification: what Vouch reads, and what others of the kind are often set. */
const names = [
  "HTTPS_PROXY",
  "https_proxy",
  "HTTP_PROXY",
  "http_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
  "AWS_CA_BUNDLE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_USE_SYSTEM_CA",
];

/** The longest value shown, in UTF-16 units. */
const longest = 300;

/**
 * Those of the variables that are set and not empty, on one line each and cut. Of proxies' URLs user name, password and
 * query are hidden.
 */
export function networkVariables(env: Record<string, string | undefined>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value) found[name] = cut(printable(withoutUserInfo(value)));
  }
  return found;
}

/** By characters rather than by a URL parser, because curl's form `user:password@host:port` is in use too. */
function withoutUserInfo(value: string): string {
  const hidden = value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^]*@/i, "$1…@");
  return hidden === value && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : hidden.replace(/[?#][^]*$/, "");
}

function cut(value: string): string {
  return value.length > longest ? `${value.slice(0, longest).toWellFormed()}…` : value;
}
