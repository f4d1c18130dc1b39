/** Environment variables for proxies and certificates, as `vouch status` shows them. */
import type { Environment } from "../../base/environment.ts";
import { printable } from "../../base/words/printable.ts";

/** Variables that Vouch reads, and similar ones that only other programs read. */
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
 * The variables that are set and not empty, truncated, one line each, with user information and query of proxy URLs
 * hidden.
 */
export function networkVariables(env: Environment): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value) found[name] = cut(printable(withoutUserInfo(value)));
  }
  return found;
}

/** Not a URL parser: curl's form `user:password@host:port` is also in use. */
function withoutUserInfo(value: string): string {
  const hidden = value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^]*@/i, "$1…@");
  return hidden === value && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : hidden.replace(/[?#][^]*$/, "");
}

function cut(value: string): string {
  return value.length > longest ? `${value.slice(0, longest).toWellFormed()}…` : value;
}
