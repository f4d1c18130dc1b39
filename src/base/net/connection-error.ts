/** Network failures as VouchErrors, with messages for users instead of the runtime's. */
import { secondsInWords } from "../words/duration.ts";
import { VouchError } from "../errors.ts";

const network = "Check the network and the proxy settings (HTTPS_PROXY, NO_PROXY), then try again.";
const trust =
  "If your network uses a private certificate authority, name its PEM file in AWS_CA_BUNDLE (AWS) or SSL_CERT_FILE (Vouch server), then run `vouch agent stop` and `vouch login`.";

/** Reasons and hints by error code: the system's, its TLS library's, and the HTTP client's. */
const reasons: [code: RegExp, reason: string, hint: string][] = [
  [/^(ENOTFOUND|EAI_|DNS)/, "its name cannot be resolved", network],
  [/^(ECONNREFUSED|ConnectionRefused)$/, "the connection was refused", network],
  [/^(ECONNRESET|EPIPE|ECONNABORTED|ConnectionClosed)$/, "the connection was cut before the answer was whole", network],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/, "there is no route to it", network],
  [/^(ETIMEDOUT|Timeout)$/, "it does not answer", network],
  [/^(EMFILE|ENFILE)$/, "this process has too many files open", "Raise the limit (`ulimit -n`), then try again."],
  [/^(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER)$/, "it does not speak TLS", network],
  [/PROXY|TUNNEL/i, "the proxy refused to connect", "Check HTTPS_PROXY and NO_PROXY, then try again."],
  [/Malformed_HTTP|InvalidHTTP|HPE_|Headers?Overflow|TooManyRedirects/i, "it does not answer in HTTP", network],
  [/Zlib|Brotli|Zstd|Decompress/i, "its answer cannot be unpacked", network],
  [/^CERT_HAS_EXPIRED$/, "its certificate has expired", "Check the clock of this machine; else tell who runs it."],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$|HOSTNAME_MISMATCH/, "its certificate is of another host", network],
  [/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|ISSUER|VERIFY/i, "its certificate is not trusted", trust],
];

/** The VouchError for a request to `host` (name and port) that failed with `cause`. */
export function connectionError(host: string, cause: unknown): VouchError {
  const code = codeOf(cause);
  const [, reason, hint] = reasons.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    "the request failed",
    network,
  ];
  return new VouchError("network", `No connection to ${host}: ${reason}${code === "" ? "" : ` (${code})`}.`, {
    hint,
    cause,
  });
}

/** Causes that come before the request is sent: resolution, connection, proxy, TLS. */
const beforeSending =
  /^(ENOTFOUND|EAI_|DNS|EMFILE|ENFILE|EPROTO)|REFUSED|UNREACH|ENETDOWN|EADDRNOTAVAIL|PROXY|TUNNEL|CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|ISSUER|VERIFY/i;

/** Whether a failed request may have reached the server and been carried out there, with only its answer lost. */
export function mayHaveArrived(error: VouchError): boolean {
  if (error.code === "timeout" || error.code === "cancelled") return true;
  // Without a cause somebody in between has answered in the server's place.
  return error.code === "network" && error.cause !== undefined && !beforeSending.test(codeOf(error.cause));
}

/** The error code of the runtime, a single word; never its message. */
function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && /^\w{1,60}$/.test(code) ? code : "";
}

/**
 * Detects an answer from an intermediary where the service would send JSON or XML: a captive portal (RFC 8908, RFC 6585
 * status 511) or a proxy's page. Undefined for any other answer. `otherwise` is one more sentence for the hint.
 */
export function interceptedAnswer(
  host: string,
  { status, headers, body }: { status: number; headers: Headers; body: string },
  otherwise = "",
): VouchError | undefined {
  const isPage =
    /^(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "") ||
    /^\s*<(!doctype html|html|head|body)\b/i.test(body);
  const isRedirect = status >= 300 && status < 400;
  // A 5xx page may come from the service's own load balancer.
  if (status !== 511 && !isRedirect && !(isPage && status < 500)) return undefined;
  const what = isRedirect ? "a redirect" : "a web page";
  return new VouchError(
    "network",
    `Something between here and ${host} answered in its place with ${what} (status ${status}): a captive portal, which is the login page of a network, or a proxy.`,
    {
      hint: `Open a web page in a browser to log in to the network, or check HTTPS_PROXY and NO_PROXY, then try again.${otherwise}`,
    },
  );
}

/**
 * Rewrites a timeout error to the total time of all attempts, since its message has the timeout of the last one. Other
 * errors are returned unchanged.
 */
export function inAllItsTime(error: unknown, spentMs: number): unknown {
  if (!(error instanceof VouchError) || error.code !== "timeout") return error;
  const message = error.message.replace(/ within .*$/, ` within ${secondsInWords(spentMs)}.`);
  return new VouchError("timeout", message, { hint: error.hint, cause: error });
}
