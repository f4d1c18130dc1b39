/** Evaluation of an IAM policy: an explicit Deny wins, then an Allow; nothing that matches is an implicit deny. */
import { conditionHolds } from "./condition.ts";
import { type ContextValues, RequestContext } from "./context.ts";
import type { PolicyDocument, Statement } from "./document.ts";
import { matches, parsePattern } from "./pattern.ts";
import { expand } from "./variables.ts";

/** Who asks, by every name that a Principal element may have for them; a wildcard within a name is none. */
export type Caller = { Federated: readonly string[] } | { AWS: readonly string[] };

export interface AccessRequest {
  action: string;
  /** An ARN; without it every Resource element matches. */
  resource?: string;
  /** Needed for a policy with Principal elements. */
  caller?: Caller;
  context?: ContextValues;
}

export type Decision = "allowed" | "implicit deny" | "explicit deny";

export function evaluate(policy: PolicyDocument, request: AccessRequest): Decision {
  const context = new RequestContext(request.context);
  const applying = policy.Statement.filter((statement) => applies(statement, request, context, policy.Version));
  if (applying.some(({ Effect }) => Effect === "Deny")) return "explicit deny";
  return applying.length > 0 ? "allowed" : "implicit deny";
}

function applies(
  { Principal, Action, Resource = "*", Condition = {} }: Statement,
  { action, resource, caller }: AccessRequest,
  context: RequestContext,
  version: PolicyDocument["Version"],
): boolean {
  return (
    (Principal === undefined || isNamed(Principal, caller)) &&
    [Action].flat().some((text) => matches(parsePattern(text.toLowerCase()), action.toLowerCase())) &&
    (resource === undefined ||
      [Resource].flat().some((text) => {
        const pattern = expand(text, context, version);
        return pattern !== undefined && matches(pattern, resource);
      })) &&
    conditionHolds(Condition, context, version)
  );
}

function isNamed(principal: NonNullable<Statement["Principal"]>, caller: Caller | undefined): boolean {
  if (principal === "*") return true;
  if ("Federated" in principal) {
    return caller !== undefined && "Federated" in caller && meet([principal.Federated].flat(), caller.Federated);
  }
  const given = [principal.AWS].flat();
  return given.includes("*") || (caller !== undefined && "AWS" in caller && meet(given, caller.AWS));
}

function meet(given: readonly string[], known: readonly string[]): boolean {
  return given.some((one) => known.includes(one));
}
