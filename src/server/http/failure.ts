/** The errors that handlers throw, and their one translation into HTTP responses. */
import { type ErrorCode, VouchError } from "../../base/errors.ts";
import { NotAcceptedError } from "../sso/not-accepted.ts";
import { ConfirmationNeededError, ProviderUnavailableError } from "../sso/unavailable.ts";
import { SigningUnavailableError } from "../signing/unavailable.ts";
import { databaseFailure } from "../store/failure.ts";

/** An OAuth error response of the endpoints under /oauth (RFC 6749, 5.2; RFC 8693, 2.2.2; RFC 9449, 5). */
export class OAuthError extends Error {
  readonly error:
    | "invalid_request"
    | "invalid_client"
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

/** `scimType` of an error of SCIM (RFC 7644, 3.12). */
export type ScimType =
  | "invalidFilter"
  | "invalidPath"
  | "invalidSyntax"
  | "invalidValue"
  | "mutability"
  | "noTarget"
  | "tooMany"
  | "uniqueness";

/** An error response of the endpoints under /scim/v2 (RFC 7644, 3.12). */
export class ScimError extends Error {
  readonly status: number;
  readonly scimType: ScimType | undefined;

  constructor(status: number, detail: string, scimType?: ScimType) {
    super(detail);
    this.name = "ScimError";
    this.status = status;
    this.scimType = scimType;
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
  profile_not_found: 404,
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

type Form = "oauth" | "scim" | "api";

/**
 * Translates a thrown error into a response: RFC 6749's JSON under /oauth, RFC 7644's under /scim, `{"error": WireError}`
 * elsewhere.
 */
export function toFailure(thrown: unknown, path: string): Failure {
  const form: Form = path.startsWith("/oauth/") ? "oauth" : path.startsWith("/scim/") ? "scim" : "api";
  const isOAuth = form === "oauth";
  if (thrown instanceof HttpError) {
    const code = isOAuth ? (thrown.status === 429 ? "temporarily_unavailable" : "invalid_request") : "protocol_error";
    return answer(form, thrown.status, code, thrown.message, { detail: thrown.message, headers: thrown.headers });
  }
  if (thrown instanceof ScimError) {
    const { status, message, scimType } = thrown;
    const headers: Record<string, string> =
      status === 401 ? { "www-authenticate": 'Bearer error="invalid_token"' } : {};
    const code = status === 401 ? "access_denied" : status === 409 ? "name_taken" : "protocol_error";
    return answer(form, status, code, message, { detail: message, headers, scimType });
  }
  if (thrown instanceof OAuthError) {
    const { error, message } = thrown;
    if (isOAuth) return answer(form, 400, error, message, { detail: message });
    // Outside /oauth, the only OAuthErrors are those of the DPoP proof.
    const hint = error === "use_dpop_nonce" ? "Update vouch." : "Check that this machine's clock is right.";
    return answer(form, 401, "access_denied", message, { hint, detail: message, headers: challenge(error) });
  }
  const status = thrown instanceof VouchError ? statusOf[thrown.code] : undefined;
  if (thrown instanceof VouchError && status !== undefined) {
    const headers = status === 401 ? challenge("invalid_token") : {};
    const detail = thrown instanceof NotAcceptedError ? thrown.detail : thrown.message;
    return answer(form, status, thrown.code, thrown.message, { hint: thrown.hint, detail, headers });
  }
  if (thrown instanceof ProviderUnavailableError) {
    const isLogin = thrown instanceof ConfirmationNeededError;
    const message = isLogin
      ? "The company's identity provider cannot be asked at the moment, and has not confirmed you for too long. Try again later."
      : "The company's identity provider cannot be asked at the moment. Try again later, or go on with a security key.";
    const detail = `the identity provider: ${thrown.message}`;
    const code = isOAuth ? "temporarily_unavailable" : "server_error";
    return answer(form, 503, code, message, { detail, headers: { "retry-after": "30" } });
  }
  const isSigning = thrown instanceof SigningUnavailableError;
  const reason = isSigning ? thrown.message : databaseFailure(thrown);
  if (reason !== undefined) {
    const cannot = isSigning ? "cannot sign tokens" : "cannot use its database";
    const message = `The Vouch server ${cannot} at the moment; its log says why. Try again later.`;
    const code = isOAuth ? "temporarily_unavailable" : "server_error";
    return answer(form, 503, code, message, { detail: reason, headers: { "retry-after": "5" } });
  }
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const message = "The Vouch server failed to handle the request; its log says why.";
  return answer(form, 500, isOAuth ? "server_error" : "internal_error", message, { detail });
}

function answer(
  form: Form,
  status: number,
  code: string,
  message: string,
  {
    hint,
    detail,
    headers = {},
    scimType,
  }: {
    hint?: string | undefined;
    detail: string;
    headers?: Record<string, string>;
    scimType?: ScimType | undefined;
  },
): Failure {
  const reason = detail.slice(0, 512);
  if (form === "oauth") {
    const body = { error: code, error_description: message };
    return { response: Response.json(body, { status, headers }), code, detail: reason };
  }
  if (form === "scim") {
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
    const body = { schemas, status: String(status), ...(scimType && { scimType }), detail: message };
    const typed = { ...headers, "content-type": "application/scim+json" };
    return { response: Response.json(body, { status, headers: typed }), code, detail: reason };
  }
  const body = { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
  return { response: Response.json(body, { status, headers }), code, detail: reason };
}
