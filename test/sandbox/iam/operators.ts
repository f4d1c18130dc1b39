/**
 * Condition operators.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { literally, matches, type Pattern } from "./pattern.ts";

export interface Operator {
  /** How the values of a multivalued key count. */
  set: "ForAllValues" | "ForAnyValue" | undefined;
  /** True if the condition holds where the text does NOT match. */
  isNegated: boolean;
  /** True where a missing key makes the condition hold. */
  ifExists: boolean;
  /** Undefined for `Null`, which asks for the key only. */
  compare: ((pattern: Pattern, value: string) => boolean) | undefined;
}

const equals = (pattern: Pattern, value: string) => literally(pattern) === value;
const equalsIgnoringCase = (pattern: Pattern, value: string) =>
  literally(pattern).toLowerCase() === value.toLowerCase();

const comparisons: Readonly<Record<string, NonNullable<Operator["compare"]>>> = {
  StringEquals: equals,
  StringEqualsIgnoreCase: equalsIgnoringCase,
  StringLike: matches,
  Bool: equalsIgnoringCase,
};

const negations: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
};

/** Undefined for an operator that does not exist, or that the sandbox does not know (numbers, dates, addresses, ARNs). */
export function parseOperator(name: string): Operator | undefined {
  if (name === "Null") return { set: undefined, isNegated: false, ifExists: false, compare: undefined };
  const [, set, base = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const positive = Object.hasOwn(negations, base) ? negations[base]! : base;
  if (!Object.hasOwn(comparisons, positive)) return undefined;
  return {
    set: set as Operator["set"],
    isNegated: positive !== base,
    ifExists: ifExists !== undefined,
    compare: comparisons[positive],
  };
}
