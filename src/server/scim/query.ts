/** Query parameters of SCIM: pages, and which attributes are asked for. Untrusted input. */
import * as v from "valibot";
import { ScimError } from "../http/failure.ts";
import { type Clause, parseFilter } from "./filter.ts";
import { defaultPage, maxPage } from "./names.ts";

const maxParameters = 32;
const maxAttributes = 64;
const attributeName = /^(?:urn:[\w.:-]{1,200}:)?([a-z$][\w$-]{0,99}(?:\.[a-z$][\w$-]{0,99})?)$/i;

export interface Asked {
  clauses: Clause[] | undefined;
  /** 1 is the first. */
  startIndex: number;
  count: number;
  /** Whether an attribute, by its name in lower case, is asked for. */
  has: (attribute: string) => boolean;
  /** The resource with the attributes that are asked for; `id` and `schemas` are always there. */
  project: (resource: Record<string, unknown>) => Record<string, unknown>;
}

const Whole = v.pipe(v.string(), v.regex(/^-?\d{1,9}$/, "expected a whole number"), v.transform(Number));

/** Reads the query of a request (RFC 7644, 3.4.2 and 3.9). Unknown parameters are ignored. Throws ScimError (400). */
export function readAsked(request: Request): Asked {
  const parameters = new Map<string, string>();
  for (const [name, value] of URL.parse(request.url)?.searchParams ?? []) {
    if (parameters.has(name) || parameters.size >= maxParameters) {
      throw new ScimError(400, "A parameter stands more than once, or there are too many.", "invalidValue");
    }
    parameters.set(name, value);
  }
  const wholeOf = (name: string, absent: number) => {
    const result = v.safeParse(Whole, parameters.get(name) ?? String(absent));
    if (result.success) return result.output;
    throw new ScimError(400, `The parameter ${name} is not as expected: a whole number.`, "invalidValue");
  };
  const filter = parameters.get("filter");
  const wanted = namesOf(parameters, "attributes");
  const excluded = namesOf(parameters, "excludedAttributes");
  return {
    clauses: filter === undefined ? undefined : parseFilter(filter),
    startIndex: Math.max(1, wholeOf("startIndex", 1)),
    count: Math.min(Math.max(0, wholeOf("count", defaultPage)), maxPage),
    has: (attribute) =>
      !excluded?.includes(attribute) &&
      (wanted === undefined || wanted.some((each) => each === attribute || each.startsWith(`${attribute}.`))),
    project: (resource) => project(resource, wanted, excluded),
  };
}

function namesOf(parameters: Map<string, string>, parameter: string): string[] | undefined {
  const text = parameters.get(parameter);
  if (text === undefined || text.trim() === "") return undefined;
  const names = text.split(",").map((each) => attributeName.exec(each.trim())?.[1]?.toLowerCase());
  if (names.length <= maxAttributes && names.every((name) => name !== undefined)) return names;
  throw new ScimError(400, `The parameter ${parameter} expected names of attributes.`, "invalidValue");
}

function project(
  resource: Record<string, unknown>,
  wanted: string[] | undefined,
  excluded: string[] | undefined,
): Record<string, unknown> {
  const members = Object.entries(resource).flatMap(([name, value]): [string, unknown][] => {
    const lower = name.toLowerCase();
    if (lower === "id" || lower === "schemas") return [[name, value]];
    if (excluded?.includes(lower)) return [];
    const kept = within(value, (sub) => !excluded?.includes(`${lower}.${sub}`));
    if (wanted === undefined || wanted.includes(lower)) return [[name, kept]];
    if (!wanted.some((each) => each.startsWith(`${lower}.`))) return [];
    return [[name, within(kept, (sub) => wanted.includes(`${lower}.${sub}`))]];
  });
  return Object.fromEntries(members);
}

/** A complex value, or several, with those sub-attributes alone. */
function within(value: unknown, isKept: (sub: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => within(each, isKept));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => isKept(name.toLowerCase())));
}
