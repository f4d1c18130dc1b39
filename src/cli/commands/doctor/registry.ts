/** Asks the endpoint of a repository once, with the token, for what its package manager asks first. */
import type { PackageFormat } from "../../../agent/protocol.ts";
import { VouchError } from "../../../base/errors.ts";
import { type HttpRequest, type HttpResponse, httpRequest } from "../../../base/net/http.ts";

/** Sends one request; the doctor hands in `httpRequest`. */
export type Send = (request: HttpRequest) => Promise<Pick<HttpResponse, "status" | "headers" | "body">>;

/** What an endpoint answered: it serves packages, it refuses the role, or something else is wrong. */
export type EndpointAnswer =
  | { outcome: "readable" }
  | { outcome: "denied"; found: string }
  | { outcome: "missing"; found: string }
  | { outcome: "failed"; found: string; remedy: string };

/** A project name that no repository has: pip's index has no other page that is small and needs the right to read. */
const absentProject = "vouch-doctor-checks-whether-it-may-read";

interface Question {
  /** Relative to the endpoint. */
  path: string;
  authorization: (token: string) => string;
  /** Whether a 2xx answer is one of this registry. */
  isAnswer: (body: string) => boolean;
  /** Whether 404 answers the question: the repository itself is known to exist. */
  mayBeAbsent: boolean;
}

const questions: Record<PackageFormat, Question> = {
  // https://doc.rust-lang.org/cargo/reference/registry-index.html#index-configuration
  cargo: {
    path: "config.json",
    authorization: (token) => token,
    isAnswer: (body) => typeof (jsonOf(body) as { dl?: unknown } | undefined)?.dl === "string",
    mayBeAbsent: false,
  },
  // What `npm ping` asks. CodeArtifact wants ReadFromRepository for it.
  npm: {
    path: "-/ping",
    authorization: (token) => `Bearer ${token}`,
    isAnswer: (body) => typeof jsonOf(body) === "object",
    mayBeAbsent: false,
  },
  // https://packaging.python.org/en/latest/specifications/simple-repository-api/
  pypi: {
    path: `simple/${absentProject}/`,
    authorization: (token) => `Basic ${Buffer.from(`aws:${token}`).toString("base64")}`,
    isAnswer: (body) => body.includes(absentProject),
    mayBeAbsent: true,
  },
};

/**
 * Asks `endpoint` (an https URL with a slash at its end) with the token, within `timeoutMs`. `caBundle`: a PEM file of
 * certificate authorities. Throws nothing: a failed connection is an answer, too.
 */
export async function askEndpoint(
  { endpoint, format, token }: { endpoint: string; format: PackageFormat; token: string },
  { timeoutMs, caBundle, send = httpRequest }: { timeoutMs: number; caBundle?: string | undefined; send?: Send },
): Promise<EndpointAnswer> {
  const { path, authorization, isAnswer, mayBeAbsent } = questions[format];
  const base = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
  let answer: Awaited<ReturnType<Send>>;
  try {
    const headers = { authorization: authorization(token) };
    answer = await send({ url: `${base}${path}`, method: "GET", headers, timeoutMs, caBundle });
  } catch (error) {
    const { message, hint } = VouchError.from(error);
    return { outcome: "failed", found: message, remedy: hint ?? "Try again." };
  }
  const { status, headers, body } = answer;
  if (status === 401) return { outcome: "denied", found: "it does not take the token (HTTP 401)" };
  if (status === 403) return { outcome: "denied", found: "it refuses the role (HTTP 403)" };
  const isPage = /^text\/html/i.test(headers.get("content-type") ?? "") && format !== "pypi";
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
