/** The errors that handlers throw, and their one translation into HTTP responses. */
import { type ErrorCode, VouchError } from "../../base/errors.ts";
import { ProviderUnavailableError } from "../sso/unavailable.ts";
import { SigningUnavailableError } from "../signing/unavailable.ts";
import { databaseFailure } from "../store/failure.ts";

/** An OAuth error response of the endpoints under /oauth (RFC 6749, 5.2; RFC 8693, 2.2.2; RFC 9449, 5). */
export class OAuthError extends Error {
  readonly error:
    | "invalid_request"
    | "invalid_grant"
    | "invalid_target"
    | "invalid_dpop_proof"
    | "use_dpop_nonce"
    | "unauthorized_client"
    | "unsupported_grant_type"
    | "unsupported_token_type";

  constructor(error: OAuthError["error"], description: string, cause?: unknown) {
    super(description, cause === undefined ? undefined : { cause });
    this.name = "OAuthError";
    this.error = error;
  }
}

/** An error of the HTTP layer: method, size, content type, rate limit. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.headers = headers;
  }
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  protocol_error: 400,
  login_needed: 401,
  session_expired: 401,
  enrollment_denied: 403,
  login_denied: 403,
  access_denied: 403,
  credential_not_found: 404,
  session_not_found: 404,
  person_not_found: 404,
  group_not_found: 404,
  credential_excluded: 409,
  name_taken: 409,
  last_credential: 409,
  last_administrator: 409,
  person_disabled: 409,
};

/** The WWW-Authenticate header of a 401 (RFC 9449, 7.1). */
function challenge(error: "invalid_token" | OAuthError["error"]): Record<string, string> {
  return { "www-authenticate": `DPoP error="${error}", algs="ES256"` };
}

export interface Failure {
  response: Response;
  /** For the log: the code, and as `detail` the reason; of an internal error the cause, which the response omits. */
  code: string;
  detail: string;
}

/** Translates a thrown error into a response: RFC 6749's JSON under /oauth, `{"error": WireError}` elsewhere. */
export function toFailure(thrown: unknown, path: string): Failure {
  const oauth = path.startsWith("/oauth/");
  if (thrown instanceof HttpError) {
    const code = oauth ? (thrown.status === 429 ? "temporarily_unavailable" : "invalid_request") : "protocol_error";
    return answer(oauth, thrown.status, code, thrown.message, undefined, thrown.message, thrown.headers);
  }
  if (thrown instanceof OAuthError) {
    if (oauth) return answer(oauth, 400, thrown.error, thrown.message, undefined, thrown.message);
    // Outside /oauth, the only OAuthErrors are those of the DPoP proof.
    const hint = thrown.error === "use_dpop_nonce" ? "Update vouch." : "Check that this machine's clock is right.";
    return answer(oauth, 401, "access_denied", thrown.message, hint, thrown.message, challenge(thrown.error));
  }
  const status = thrown instanceof VouchError ? statusOf[thrown.code] : undefined;
  if (thrown instanceof VouchError && status !== undefined) {
    const headers = status === 401 ? challenge("invalid_token") : {};
    return answer(oauth, status, thrown.code, thrown.message, thrown.hint, thrown.message, headers);
  }
  if (thrown instanceof ProviderUnavailableError) {
    const message =
      "The company's identity provider cannot be asked at the moment. Try again later; logins with a security key do not need it.";
    return answer(oauth, 503, "server_error", message, undefined, `the identity provider: ${thrown.message}`, {
      "retry-after": "30",
    });
  }
  const isSigning = thrown instanceof SigningUnavailableError;
  const reason = isSigning ? thrown.message : databaseFailure(thrown);
  if (reason !== undefined) {
    const cannot = isSigning ? "cannot sign tokens" : "cannot use its database";
    const message = `The Vouch server ${cannot} at the moment; its log says why. Try again later.`;
    const code = oauth ? "temporarily_unavailable" : "server_error";
    return answer(oauth, 503, code, message, undefined, reason, { "retry-after": "5" });
  }
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const message = "The Vouch server failed to handle the request; its log says why.";
  return answer(oauth, 500, oauth ? "server_error" : "internal_error", message, undefined, detail);
}

function answer(
  oauth: boolean,
  status: number,
  code: string,
  message: string,
  hint: string | undefined,
  detail: string,
  headers: Record<string, string> = {},
): Failure {
  const body = oauth
    ? { error: code, error_description: message }
    : { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
  return { response: Response.json(body, { status, headers }), code, detail: detail.slice(0, 512) };
}
