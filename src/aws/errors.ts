/** The translation of AWS's error answers to messages with remedies. */
import { VouchError } from "../base/errors.ts";
import { type AskedOf, isPerson, wordsFor } from "./error-words.ts";
import { AwsServiceError, cleaned } from "./service-error.ts";

/**
 * Translates an AwsServiceError to a VouchError with the failed operation, the reason and a remedy, for a person also
 * that of the guided set-up; the original becomes the cause. VouchErrors are returned unchanged, other errors as `internal_error`.
 */
export function translate(error: unknown, asked: AskedOf): VouchError {
  if (!(error instanceof AwsServiceError)) return VouchError.from(error);
  const { code, hint } = wordsFor(error, asked);
  const guided = isPerson(asked) ? wordsFor(error, { ...asked, asker: "guided" }).hint : hint;
  const subject = asked.roleArn ?? asked.resources?.names ?? asked.region;
  const origin = error.awsCode || `status ${error.status}`;
  const reason = error.message ? `${error.message} (${origin})` : origin;
  const request = error.requestId ? ` [request ${cleaned(error.requestId)}]` : "";
  const verb = isRefusal(error) ? "refused" : "failed at";
  return new VouchError(code, `AWS ${asked.service} ${verb} ${asked.operation} for ${subject}: ${reason}${request}`, {
    hint,
    guidedHint: guided === hint ? undefined : guided,
    cause: error,
  });
}

/** Whether the service rejected the request; false if the service failed, throttled, or another host answered. */
function isRefusal({ status, awsCode }: AwsServiceError): boolean {
  return awsCode !== "" && status < 500 && status !== 429 && !busyCodes.has(awsCode);
}

/** Error codes of throttling and transient failures, not rejections. */
const busyCodes = new Set([
  "IDPCommunicationError",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "SlowDown",
]);
