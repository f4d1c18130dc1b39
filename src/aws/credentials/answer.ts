/** Parser for the JSON credentials of metadata services and `credential_process` programs. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { ExpiringCredentials } from "../sigv4.ts";
import { parseJson } from "../../base/json.ts";

const Text = v.pipe(v.string(), v.minLength(1), v.maxLength(16384), v.regex(/^[\u0021-\u007e]+$/));
const Timestamp = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/),
  v.check((text) => Date.parse(text) > 0, "expected an ISO 8601 time"),
);

const CredentialsAnswer = v.object({
  AccessKeyId: v.pipe(Text, v.regex(/^\w{16,128}$/)),
  SecretAccessKey: Text,
  /** Named Token by metadata services, SessionToken by `credential_process`. */
  Token: v.optional(Text),
  SessionToken: v.optional(Text),
  Expiration: v.optional(v.nullable(Timestamp)),
});
/** The answer of a metadata service, which always has an expiration. */
const EndingAnswer = v.object({ ...CredentialsAnswer.entries, Expiration: Timestamp });

/**
 * Parses credentials; `origin` names their source, for the error. With `mustEnd`, an expiration is required. Throws
 * `aws_error` with the path of the invalid member, never its value, which may be a secret.
 */
export function readCredentials(text: string, origin: string, { mustEnd = false } = {}): ExpiringCredentials {
  const answer = v.safeParse(mustEnd ? EndingAnswer : CredentialsAnswer, parseJson(text));
  if (!answer.success) {
    const place = v.getDotPath(answer.issues[0]) ?? "the top level";
    throw new VouchError("aws_error", `${origin} gave no AWS credentials: its answer is not as expected at ${place}.`);
  }
  const { AccessKeyId, SecretAccessKey, Token, SessionToken = Token, Expiration } = answer.output;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: new Secret(SecretAccessKey),
    ...(SessionToken === undefined ? {} : { sessionToken: new Secret(SessionToken) }),
    expiration: Expiration ? Math.floor(Date.parse(Expiration) / 1000) : Infinity,
  };
}
