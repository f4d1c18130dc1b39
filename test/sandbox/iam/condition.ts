/**
 * Whether a statement's Condition holds for a request: every operator, every key of it, any value.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
import type { RequestContext } from "./context.ts";
import type { PolicyDocument, Statement } from "./document.ts";
import { type Operator, parseOperator } from "./operators.ts";
import { expand } from "./variables.ts";

export function conditionHolds(
  condition: NonNullable<Statement["Condition"]>,
  context: RequestContext,
  version: PolicyDocument["Version"],
): boolean {
  return Object.entries(condition).every(([name, keys]) => {
    const operator = parseOperator(name);
    if (!operator) throw new Error(`The sandbox does not know the condition operator ${name}`);
    return Object.entries(keys).every(([key, texts]) => {
      const value = context.get(key);
      if (!operator.compare) return isNull([texts].flat(), value);
      const { compare } = operator;
      // A variable without a value makes text that nothing is equal to or like.
      const patterns = [texts].flat().map((text) => expand(text, context, version));
      const matched = (one: string) => patterns.some((pattern) => pattern !== undefined && compare(pattern, one));
      return holds(operator, value, (one) => matched(one) !== operator.isNegated);
    });
  });
}

function isNull(texts: string[], value: string | readonly string[] | undefined): boolean {
  const isMissing = value === undefined || value.length === 0;
  return texts.some((text) => text.toLowerCase() === String(isMissing));
}

function holds(
  { set, isNegated, ifExists }: Operator,
  value: string | readonly string[] | undefined,
  test: (one: string) => boolean,
): boolean {
  if (set !== undefined) {
    // Empty text counts as an empty set. IfExists changes neither: it asks within the set, where every value exists.
    const values = [value ?? []].flat().filter((one) => one !== "");
    return set === "ForAllValues" ? values.every(test) : values.some(test);
  }
  if (value === undefined) return isNegated || ifExists;
  // A multivalued key wants ForAllValues or ForAnyValue.
  return typeof value === "string" && test(value);
}
