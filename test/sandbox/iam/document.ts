/** IAM policy documents, and what IAM says of those that it does not take (the policy grammar of the IAM User Guide). */
import * as v from "valibot";
import { parseOperator } from "./operators.ts";

const OneOrMore = v.union([v.string(), v.array(v.string())]);
const Condition = v.record(v.string(), v.record(v.string(), OneOrMore));
const Principal = v.union([
  v.literal("*"),
  v.strictObject({ Federated: OneOrMore }),
  v.strictObject({ AWS: OneOrMore }),
]);

const StatementSchema = v.strictObject({
  Sid: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9]*$/))),
  Effect: v.picklist(["Allow", "Deny"]),
  Principal: v.optional(Principal),
  Action: OneOrMore,
  Resource: v.optional(OneOrMore),
  Condition: v.optional(Condition),
});

/** Variables are text where the version is older, or missing. */
export const currentVersion = "2012-10-17";
const DocumentSchema = v.strictObject({
  Version: v.optional(v.picklist([currentVersion, "2008-10-17"])),
  Id: v.optional(v.string()),
  Statement: v.pipe(v.array(StatementSchema), v.minLength(1)),
});

export type Statement = v.InferInput<typeof StatementSchema>;
export type PolicyDocument = v.InferInput<typeof DocumentSchema>;

/** The elements NotAction, NotPrincipal and NotResource are not known here, and refused like a typing error. */
export class MalformedPolicyDocument extends Error {
  override name = "MalformedPolicyDocument";
}

/** Parses a policy: one of a role's trust, or of its permissions. Throws MalformedPolicyDocument. */
export function parsePolicy(json: unknown, kind: "trust" | "permissions"): PolicyDocument {
  const parsed = v.safeParse(DocumentSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new MalformedPolicyDocument(`Syntax error at ${v.getDotPath(issue) ?? "the document"}: ${issue.message}`);
  }
  for (const statement of parsed.output.Statement) {
    const [missing, prohibited] =
      kind === "trust" ? (["Principal", "Resource"] as const) : (["Resource", "Principal"] as const);
    if (statement[missing] === undefined) throw new MalformedPolicyDocument(`Missing required field ${missing}`);
    if (statement[prohibited] !== undefined) throw new MalformedPolicyDocument(`Has prohibited field ${prohibited}`);
    for (const action of [statement.Action].flat()) {
      if (!/^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/.test(action)) {
        throw new MalformedPolicyDocument(`Actions/Conditions must be prefaced by a vendor, e.g., iam: ${action}`);
      }
      if (kind === "trust" && !action.startsWith("sts:")) {
        throw new MalformedPolicyDocument(`AssumeRole policy may only specify STS AssumeRole actions: ${action}`);
      }
    }
    for (const operator of Object.keys(statement.Condition ?? {})) {
      if (!parseOperator(operator)) throw new MalformedPolicyDocument(`Invalid Condition type : ${operator}`);
    }
  }
  return parsed.output;
}
