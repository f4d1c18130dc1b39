/** The parameters of both operations that give role credentials, as STS checks them. */
import { ServiceError } from "../service-error.ts";

export interface RoleParameters {
  roleArn: string;
  /** The role's account. */
  accountId: string;
  sessionName: string;
  /** Seconds. */
  duration: number;
}

/** Throws ServiceError. */
export function roleParameters(parameters: URLSearchParams): RoleParameters {
  const roleArn = constrained(parameters, "RoleArn", /^[\s\S]{20,2048}$/, "length between 20 and 2048");
  const sessionName = constrained(parameters, "RoleSessionName", /^[\w+=,.@-]{2,64}$/, "pattern: [\\w+=,.@-]{2,64}");
  const durationText = parameters.get("DurationSeconds") ?? "3600";
  const duration = Number(durationText);
  if (!/^\d+$/.test(durationText) || duration < 900 || duration > 43200) {
    throw constraint(durationText, "durationSeconds", "Member must have value between 900 and 43200");
  }
  const accountId = accountIn(roleArn);
  if (!accountId) throw new ServiceError("ValidationError", `${roleArn} is invalid`, 400);
  return { roleArn, accountId, sessionName, duration };
}

/** The account of a role's ARN. */
export function accountIn(roleArn: string): string | undefined {
  return /^arn:[\w-]+:iam::(\d{12}):role\/.+$/.exec(roleArn)?.[1];
}

/** A parameter that must be there and match. Throws ServiceError. */
export function constrained(parameters: URLSearchParams, name: string, pattern: RegExp, words: string): string {
  const value = parameters.get(name);
  if (value !== null && pattern.test(value)) return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw constraint(value ?? "null", member, `Member must satisfy ${words}`);
}

function constraint(value: string, member: string, words: string): ServiceError {
  const shown = member === "webIdentityToken" ? "***" : value;
  return new ServiceError(
    "ValidationError",
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${words}`,
    400,
  );
}
