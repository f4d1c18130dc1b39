/** The error for a selected identity whose environment variables are missing. */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";

/**
 * The values of the variables, in the order of `names`. `remedy` is the hint: how a job gets them. Throws
 * `identity_unavailable` with the missing names.
 */
export function requiredVariables(identity: string, names: string[], env: Environment, remedy: string): string[] {
  const missing = names.filter((name) => !env[name]);
  if (missing.length === 0) return names.map((name) => env[name] ?? "");
  const are = missing.length === 1 ? "which is not set" : "which are not set";
  throw new VouchError("identity_unavailable", `The identity ${identity} needs ${missing.join(" and ")}, ${are}.`, {
    hint: remedy,
  });
}
