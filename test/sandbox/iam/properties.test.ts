/** Properties of every policy, on generated ones. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertyRuns } from "../../property-runs.ts";
import type { PolicyDocument, Statement } from "./document.ts";
import { evaluate } from "./evaluate.ts";
import { matches, parsePattern } from "./pattern.ts";

const allow = (statement: Omit<Statement, "Effect">): Statement => ({ Effect: "Allow", ...statement });
const policy = (...Statement: Statement[]): PolicyDocument => ({ Version: "2012-10-17", Statement });

describe("whatever the policy", () => {
  const texts = fc.oneof(
    fc.constantFrom("a", "A", "a*", "*", "?", "${k}", "${K, 'a'}", "${none}", "${*}", "b${k}"),
    fc.string({ maxLength: 4 }),
  );
  const operators = ["StringEquals", "StringEqualsIgnoreCase", "StringLike"] as const;
  const negations = ["StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike"] as const;
  const conditions = fc.dictionary(
    fc.constantFrom(
      ...operators,
      ...negations,
      "StringLikeIfExists",
      "ForAllValues:StringLike",
      "ForAnyValue:StringEquals",
    ),
    fc.dictionary(fc.constantFrom("k", "l", "aws:TagKeys"), fc.array(texts, { minLength: 1, maxLength: 3 }), {
      maxKeys: 2,
    }),
    { maxKeys: 2 },
  );
  const statements = fc.record({
    Effect: fc.constantFrom("Allow" as const, "Deny" as const),
    Action: fc.constantFrom("sts:AssumeRole", "sts:*", "s3:*"),
    Condition: conditions,
  });
  const requests = fc.record({
    action: fc.constant("sts:AssumeRole"),
    context: fc.record(
      {
        k: fc.oneof(fc.constantFrom("a", "A", "*"), fc.string()),
        "aws:TagKeys": fc.array(fc.constantFrom("a", "b", "")),
      },
      { requiredKeys: [] },
    ),
  });

  test("the order of its statements changes nothing", () => {
    fc.assert(
      fc.property(fc.array(statements, { maxLength: 5 }), requests, (all, request) => {
        expect(evaluate(policy(...all), request)).toBe(evaluate(policy(...all.toReversed()), request));
      }),
      { numRuns: propertyRuns },
    );
  });

  test("one more Deny allows nothing, one more Allow denies nothing", () => {
    const rank = { "explicit deny": 0, "implicit deny": 1, allowed: 2 };
    fc.assert(
      fc.property(fc.array(statements, { maxLength: 4 }), statements, requests, (all, more, request) => {
        const before = rank[evaluate(policy(...all), request)];
        const after = rank[evaluate(policy(...all, more), request)];
        if (more.Effect === "Deny") expect(after).toBeLessThanOrEqual(before);
        else expect(after).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: propertyRuns },
    );
  });

  test("an operator and its negation never agree, missing keys and variables without a value included", () => {
    fc.assert(
      fc.property(fc.nat(2), fc.array(texts, { minLength: 1, maxLength: 3 }), requests, (which, values, request) => {
        const holds = (operator: string) =>
          evaluate(policy(allow({ Action: "*", Condition: { [operator]: { k: values } } })), request) === "allowed";
        expect(holds(operators[which]!)).toBe(!holds(negations[which]!));
      }),
      { numRuns: propertyRuns },
    );
  });

  test("a variable equals its own value and nothing else, whatever characters the value has", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom("StringEquals", "StringLike"), (name, value, operator) => {
        const decide = (k: string, l: string) =>
          evaluate(policy(allow({ Action: "*", Condition: { [operator]: { k: "${l}" } } })), {
            action: "sts:x",
            context: { k, l },
          });
        expect(decide(value, value)).toBe("allowed");
        if (name !== value) expect(decide(name, value)).toBe("implicit deny");
      }),
      { numRuns: propertyRuns },
    );
  });

  test("a pattern matches what another way of matching it says", () => {
    /** By what of the value can be reached after each character of the pattern. */
    const reaches = (pattern: string, value: string): boolean => {
      let ends = new Set([0]);
      const characters = Array.from(value);
      for (const character of pattern) {
        const next = new Set<number>();
        for (const end of ends) {
          if (character === "*") for (let to = end; to <= characters.length; to++) next.add(to);
          else if (end < characters.length && (character === "?" || characters[end] === character)) next.add(end + 1);
        }
        ends = next;
      }
      return ends.has(characters.length);
    };
    const letters = fc.string({
      unit: fc.constantFrom("a", "b", "*", "?", ".", "(", "\\", "\n", "é", "😀"),
      maxLength: 8,
    });
    fc.assert(
      fc.property(letters, letters, (pattern, value) => {
        expect(matches(parsePattern(pattern), value)).toBe(reaches(pattern, value));
      }),
      { numRuns: propertyRuns },
    );
  });
});
