/** Bodies of SCIM's requests. Untrusted input: names of members count without regard to case (RFC 7643, 2.1). */
import * as v from "valibot";
import { parseJson, tableOf } from "../../base/json.ts";
import { isLegible } from "../../base/words/legible.ts";
import { describe, expectType, readText } from "../http/body.ts";
import { ScimError } from "../http/failure.ts";
import { mediaType } from "./names.ts";

/** Enough for 1,000 members of a group. Below what the listener takes. */
const maxBodyBytes = 124 * 1024;
/** Length of an attribute's text, in code points. */
const maxText = 256;

/**
 * Reads a body and validates it by the schema, which gets the members by their names in lower case. Throws HttpError (415,
 * 413, 408) and ScimError `invalidSyntax`, `invalidValue`.
 */
export async function readBody<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  expectType(request, mediaType, "application/json");
  const json = parseJson(await readText(request, maxBodyBytes));
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ScimError(400, "Expected a JSON object, got something else.", "invalidSyntax");
  }
  return validated(schema, lowerCased(json));
}

/** Validates a value by the schema. Throws ScimError `invalidValue`. */
export function validated<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw new ScimError(400, `The request is not as expected: ${describe(result.issues)}.`, "invalidValue");
}

/** An object by its members' names in lower case; anything else is an empty one. */
export function lowerCased(value: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tableOf(value)).map(([name, member]) => [name.toLowerCase(), member]));
}

/** A complex value, by its members' names in lower case. */
export const Complex = v.pipe(
  v.custom<object>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "expected an object",
  ),
  v.transform((value) => lowerCased(value)),
);

/** A schema of `schemas`, which names at least this one. */
export function schemasWith(urn: string) {
  return v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(200)), "expected an array"),
    v.maxLength(20),
    v.check(
      (urns) => urns.some((each) => each.toLowerCase() === urn.toLowerCase()),
      `expected ${urn} to be one of them`,
    ),
  );
}

/** An attribute's text, of one line; null and an empty one are none (RFC 7643, 2.5). */
export const Text = v.pipe(
  v.nullish(
    v.pipe(
      v.string("expected a text"),
      v.maxCodePoints(maxText, `expected at most ${maxText} characters`),
      // Joiners are part of names.
      v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_C}]*$/u, "expected no control or reordering characters"),
    ),
  ),
  v.transform((text) => (text === null || text === undefined || text.trim() === "" ? undefined : text)),
);

/** A text that people are shown. */
export const ShownText = v.pipe(
  Text,
  v.check((text) => text === undefined || isLegible(text), "expected a text that can be read"),
);

/** A boolean; Entra sends it as a text. */
export const Flag = v.union(
  [
    v.boolean(),
    v.pipe(
      v.string(),
      v.regex(/^(?:true|false)$/i, "expected true or false"),
      v.transform((text) => text.toLowerCase() === "true"),
    ),
  ],
  "expected true or false",
);
