/** Reads an untrusted query string with a schema. */
import * as v from "valibot";
import { HttpError } from "./failure.ts";

/** Limit of a query's parameters, also of unknown ones. */
const maxParameters = 64;

/** Returns the parameters of the query. Throws HttpError (400) if one is repeated, or if they are more than 64. */
export function queryOf(request: Request): Record<string, string> {
  const values: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of URL.parse(request.url)?.searchParams ?? []) {
    if (++count > maxParameters) throw new HttpError(400, `Expected at most ${maxParameters} parameters, got more.`);
    if (Object.hasOwn(values, name)) {
      throw new HttpError(400, `The parameter "${name.slice(0, 64)}" stands more than once.`);
    }
    values[name] = value;
  }
  return values;
}

/**
 * Validates the query by the schema, which gets texts; unknown parameters are ignored. Throws as `queryOf`, and HttpError
 * (400), which names the parameter and not its value.
 */
export function readQuery<Schema extends v.GenericSchema>(request: Request, schema: Schema): v.InferOutput<Schema> {
  const result = v.safeParse(schema, queryOf(request), { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue)?.slice(0, 64) ?? "the query";
  if (issue.received === "undefined") throw new HttpError(400, `The parameter "${place}" is missing.`);
  const expected = issue.message.startsWith("expected ")
    ? issue.message
    : `expected ${issue.expected ?? "another form"}`;
  throw new HttpError(400, `The parameter "${place}" is not as ${expected}.`);
}

/** A text of one line that both databases take. */
export const QueryText = v.pipe(
  v.string(),
  v.maxLength(254, "expected at most 254 characters"),
  v.regex(/^[^\p{Cc}]*$/u, "expected no control characters"),
);

/** A whole number, within bounds. */
export function queryNumber(least: number, most: number) {
  return v.pipe(
    v.string(),
    v.regex(/^(?:0|[1-9]\d{0,12})$/, "expected a whole number"),
    v.transform(Number),
    v.minValue(least, `expected: at least ${least}`),
    v.maxValue(most, `expected: at most ${most}`),
  );
}
