/**
 * GitHub Actions, and Forgejo with the same interface: ID token from the runner's endpoint, with the job's URL and
 * bearer token. https://docs.github.com/en/actions/reference/security/oidc
 */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { inAllItsTime, interceptedAnswer } from "../base/net/connection-error.ts";
import { httpRequest } from "../base/net/http.ts";
import { BusyService, withRetries } from "../base/net/retry.ts";
import { readIdToken } from "./id-token.ts";
import { requiredVariables } from "./missing.ts";
import type { Platform, PlatformRequest } from "./platform.ts";
import { parseJson } from "../base/json.ts";

const defaultAudience = "sts.amazonaws.com";
const limitMs = 20_000;
const attemptLimitMs = 5_000;

const Answer = v.object({ value: v.string() });

export const githubActions: Platform = {
  takes: ["audience"],
  async idToken(request) {
    const [address = "", bearer = ""] = requiredVariables(
      "github-actions",
      ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
      request.env,
      "Write `permissions: { id-token: write, contents: read }` into the job. A pull request from a fork gets no token; " +
        "what `docker run` starts needs both variables passed on with `-e`.",
    );
    const url = URL.parse(address);
    if (!url || !/^[\u0021-\u007e]+$/.test(bearer)) {
      throw new VouchError(
        "identity_unavailable",
        "ACTIONS_ID_TOKEN_REQUEST_URL or ACTIONS_ID_TOKEN_REQUEST_TOKEN is not what a runner sets.",
        { hint: "Do not set them yourself: the runner does, for a job with `permissions: { id-token: write }`." },
      );
    }
    url.searchParams.set("audience", request.audience ?? defaultAudience);
    const begun = performance.now();
    const body = await withRetries((remainingMs) => ask(url, bearer, remainingMs, request), {
      limitMs,
      signal: request.signal,
    }).catch((error: unknown) => {
      throw inAllItsTime(error, performance.now() - begun);
    });
    return readIdToken(body, `${url.host} of GitHub Actions`, request.now());
  },
};

/**
 * One attempt; returns the member `value` of the answer. Transient failures are thrown as `network` with a cause, which
 * marks them for a retry.
 */
async function ask(url: URL, bearer: string, remainingMs: number, request: PlatformRequest): Promise<string> {
  const response = await httpRequest({
    url: url.href,
    method: "GET",
    headers: { authorization: `Bearer ${bearer}`, accept: "application/json" },
    timeoutMs: Math.ceil(Math.min(attemptLimitMs, Math.max(1, remainingMs))),
    maxBytes: 64 * 1024,
    caBundle: request.env["SSL_CERT_FILE"],
    signal: request.signal,
  });
  const { status, body } = response;
  const intercepted = interceptedAnswer(url.host, response);
  if (intercepted) throw intercepted;
  if (status === 429 || status >= 500) {
    throw new VouchError("network", `${url.host} gave no ID token: it answered with status ${status}.`, {
      hint: "GitHub is failing at the moment. Run the job again.",
      cause: new BusyService(response),
    });
  }
  const answer = v.safeParse(Answer, parseJson(body));
  if (status === 200 && answer.success) return answer.output.value;
  throw new VouchError(
    "identity_unavailable",
    status === 200
      ? `${url.host} answered without an ID token.`
      : `${url.host} gave no ID token: it answered with status ${status}.`,
    { hint: "The request token is good only while its job runs, and only with `permissions: { id-token: write }`." },
  );
}
