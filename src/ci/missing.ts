/** What a chosen identity says when the job does not have what it needs. */
import { VouchError } from "../base/errors.ts";

type Environment = Record<string, string | undefined>;

/**
 * The values of the variables, in their order. Throws `identity_unavailable` that names those that are not set; `remedy`
 * says how a job gets them.
 */
export function requiredVariables(identity: string, names: string[], env: Environment, remedy: string): string[] {
  const missing = names.filter((name) => !env[name]);
  if (missing.length === 0) return names.map((name) => env[name] ?? "");
  const are = missing.length === 1 ? "which is not set" : "which are not set";
  throw new VouchError("identity_unavailable", `The identity ${identity} needs ${missing.join(" and ")}, ${are}.`, {
    hint: remedy,
  });
}
