/**
 * The source identity of a role session: once set, every session of a chain has it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 */
import { ServiceError } from "../../service-error.ts";
import { constrained } from "../parameters.ts";

const form = /^[\w+=,.@-]{2,64}$/;

/** That of an ID token's claim. Throws ServiceError. */
export function sourceIdentityOfToken(claim: unknown): string | undefined {
  if (claim === undefined) return undefined;
  if (typeof claim === "string" && form.test(claim)) return claim;
  throw new ServiceError("IDPRejectedClaim", "The source identity of the identity token is not valid", 403);
}

/** That of AssumeRole: the caller's, or the one it asks for where there is none. Throws ServiceError. */
export function sourceIdentityOfRequest(
  parameters: URLSearchParams,
  inherited: string | undefined,
): string | undefined {
  if (!parameters.has("SourceIdentity")) return inherited;
  const asked = constrained(parameters, "SourceIdentity", form, "pattern: [\\w+=,.@-]{2,64}");
  if (inherited === undefined || asked === inherited) return asked;
  throw new ServiceError("ValidationError", "The source identity is already set for this assume role session", 400);
}
