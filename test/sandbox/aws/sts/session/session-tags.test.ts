/** Properties of session tags: which are taken, and what a chain of roles does with them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertyRuns } from "../../../../property-runs.ts";
import { ServiceError } from "../../service-error.ts";
import { inheritedTags, mergeTags, type SessionTags, tagsOfRequest, tagsOfToken } from "./session-tags.ts";

const characters = fc.constantFrom(...Array.from("abzAZ09_.:/=+-@ éß漢"));
const keys = fc.string({ unit: characters, minLength: 1, maxLength: 128 }).filter((key) => !/^aws:/i.test(key));
const values = fc.string({ unit: characters, maxLength: 256 });
const pairs = fc.uniqueArray(fc.tuple(keys, values), { maxLength: 50, selector: ([key]) => key.toLowerCase() });

/** Tags, and which of them are transitive. */
const sessions = fc.tuple(pairs, fc.array(fc.boolean())).map(([tags, marks]): SessionTags => ({
  tags: new Map(tags),
  transitive: tags.filter((_, index) => marks[index]).map(([key]) => key),
}));

const claimOf = ({ tags, transitive }: SessionTags, change: Record<string, unknown> = {}) => ({
  principal_tags: { ...Object.fromEntries([...tags].map(([key, value]) => [key, [value]])), ...change },
  transitive_tag_keys: transitive,
});

function requestOf(tags: [string, string][]): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [index, [key, value]] of tags.entries()) {
    parameters.set(`Tags.member.${index + 1}.Key`, key);
    parameters.set(`Tags.member.${index + 1}.Value`, value);
  }
  return parameters;
}

const refused = (make: () => unknown): string | undefined => {
  try {
    make();
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.code;
  }
};

describe("the tags of a token", () => {
  test("are all taken where each of them may be", () => {
    fc.assert(
      fc.property(sessions, (session) => {
        const taken = tagsOfToken(claimOf(session));
        expect(new Map(taken.tags)).toEqual(new Map(session.tags));
        expect(taken.transitive).toEqual(session.transitive);
      }),
      { numRuns: propertyRuns },
    );
  });

  test("are refused together where one may not be", () => {
    const bad = fc.constantFrom<[string, unknown][]>(
      ["k!", ["v"]],
      ["aws:k", ["v"]],
      ["", ["v"]],
      ["k".repeat(129), ["v"]],
      ["k", ["<"]],
      ["k", ["v".repeat(257)]],
      ["k", "v"],
      ["k", []],
      ["k", ["v", "w"]],
      ["k", [7]],
    );
    fc.assert(
      fc.property(sessions, bad, (session, [key, value]) => {
        expect(refused(() => tagsOfToken(claimOf(session, { [key]: value })))).toBe("ValidationError");
      }),
      { numRuns: propertyRuns },
    );
  });
});

test("however long a chain is, a transitive tag keeps its value, and no other tag is handed on", () => {
  fc.assert(
    fc.property(
      sessions,
      fc.array(fc.array(fc.tuple(keys, values), { maxLength: 3 }), { maxLength: 4 }),
      (first, hops) => {
        const begun = new Map([...first.tags].filter(([key]) => first.transitive.includes(key)));
        let session = first;
        for (const asked of hops) {
          const handedOn = inheritedTags(session);
          expect(handedOn.tags).toEqual(begun);
          const code = refused(() => tagsOfRequest(requestOf(asked), handedOn));
          const isTaken = asked.some(([key]) =>
            [...begun.keys()].some((own) => own.toLowerCase() === key.toLowerCase()),
          );
          if (isTaken) expect(code).toBe("InvalidParameterValue");
          if (code !== undefined) continue;
          const given = tagsOfRequest(requestOf(asked), handedOn);
          session = { tags: mergeTags(handedOn.tags, given.tags), transitive: handedOn.transitive };
          for (const [key, value] of begun) expect(session.tags.get(key)).toBe(value);
        }
      },
    ),
    { numRuns: propertyRuns },
  );
});
