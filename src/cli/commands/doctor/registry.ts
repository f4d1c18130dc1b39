/** Probes a repository endpoint with the token, by the first request of its package manager. */
import type { PackageFormat } from "../../../base/package-format.ts";
import { VouchError } from "../../../base/errors.ts";
import { type HttpRequest, type HttpResponse, httpRequest } from "../../../base/net/http.ts";
import { probes } from "../../../tools/checks/probes.ts";

/** Sends one HTTP request; `httpRequest` in production. */
export type Send = (request: HttpRequest) => Promise<Pick<HttpResponse, "status" | "headers" | "body">>;

/** Result of a probe: the endpoint serves packages, has nothing to ask, denies access to the role, or fails otherwise. */
export type EndpointAnswer =
  | { outcome: "readable" }
  | { outcome: "unasked" }
  | { outcome: "denied"; found: string }
  | { outcome: "missing"; found: string }
  | { outcome: "failed"; found: string; remedy: string };

/**
 * Probes `endpoint` (an https URL with a final slash) with the token, within `timeoutMs`. `caBundle`: a PEM file of
 * certificate authorities. Throws nothing: a failed connection is a result, too.
 */
export async function askEndpoint(
  { endpoint, format, token }: { endpoint: string; format: PackageFormat; token: string },
  { timeoutMs, caBundle, send = httpRequest }: { timeoutMs: number; caBundle?: string | undefined; send?: Send },
): Promise<EndpointAnswer> {
  const probe = probes[format];
  if (probe === undefined) return { outcome: "unasked" };
  const { path, authorization, accept, isAnswer, mayBeAbsent, isHtml } = probe;
  const base = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
  let answer: Awaited<ReturnType<Send>>;
  try {
    const headers = { authorization: authorization(token), ...(accept === undefined ? {} : { accept }) };
    answer = await send({ url: `${base}${path}`, method: "GET", headers, timeoutMs, caBundle });
  } catch (error) {
    const { message, hint } = VouchError.from(error);
    return { outcome: "failed", found: message, remedy: hint ?? "Try again." };
  }
  const { status, headers, body } = answer;
  if (status === 401) return { outcome: "denied", found: "it does not take the token (HTTP 401)" };
  if (status === 403) return { outcome: "denied", found: "it refuses the role (HTTP 403)" };
  const isPage = /^text\/html/i.test(headers.get("content-type") ?? "") && !isHtml;
  if (status === 404 && !isPage) {
    return mayBeAbsent
      ? { outcome: "readable" }
      : { outcome: "missing", found: "it has no such repository (HTTP 404)" };
  }
  if (status >= 200 && status < 300 && !isPage && isAnswer(body)) return { outcome: "readable" };
  if (status === 429 || status >= 500) {
    const remedy = "Try again in a minute; https://health.aws.amazon.com/health/status has AWS's own troubles.";
    return { outcome: "failed", found: `it has a fault (HTTP ${status})`, remedy };
  }
  const redirect = status >= 300 && status < 400;
  return {
    outcome: "failed",
    found: `${redirect ? "a redirect" : "something else"} answered in its place (HTTP ${status})`,
    remedy: "A proxy or the sign-in page of a network stands between: open a page in a browser, and check HTTPS_PROXY.",
  };
}
