/** What is wrong with an answer of the identity provider, for people and the audit log. */
import * as oauth from "oauth4webapi";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { NotAcceptedError } from "./not-accepted.ts";
import { ProviderUnavailableError } from "./unavailable.ts";

/** What a failed sign-on is to a person: refused, or not possible at the moment. */
export function translated(error: unknown): Error {
  if (error instanceof ProviderUnavailableError) return error;
  if (error instanceof VouchError) return new ProviderUnavailableError(reasonOf(error), error);
  if (error instanceof oauth.AuthorizationResponseError) {
    return denied(`The identity provider refused the sign-on: ${words(error.error, error.error_description)}`, error);
  }
  if (error instanceof oauth.ResponseBodyError) {
    const reason = words(error.error, error.error_description);
    if (error.error === "invalid_grant")
      return denied(`The identity provider did not accept the code: ${reason}`, error);
    return new ProviderUnavailableError(`it refused this server: ${reason}`, error);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return new ProviderUnavailableError(`it refused this server (status ${error.status})`, error);
  }
  return new NotAcceptedError(reasonOf(error), error);
}

/** Errors of the token endpoint with which a provider lets a person in no more (RFC 6749, 5.2; OpenID Connect Core 1.0, 3.1.2.6). */
const refusals = new Set([
  "invalid_grant",
  "access_denied",
  "interaction_required",
  "login_required",
  "consent_required",
]);

/** Why the provider lets a person in no more; undefined if the error says nothing about the person. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof oauth.ResponseBodyError) || !refusals.has(error.error)) return undefined;
  return words(error.error, error.error_description);
}

function denied(message: string, cause: unknown): VouchError {
  return new VouchError("login_denied", `${message}.`, {
    hint: "Begin again; if it goes on, tell your administrator.",
    cause,
  });
}

/** An error code of the provider, with its description; both are a stranger's text. */
function words(code: string, description: string | undefined): string {
  const shown = printable(code).slice(0, 64);
  return description === undefined ? shown : `${shown} (${printable(description).slice(0, 200)})`;
}

/** The message of an error, cleaned: it may have a stranger's text. */
export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error))
    .replace(/\.$/, "")
    .slice(0, 300);
}
