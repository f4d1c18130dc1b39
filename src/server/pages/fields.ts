/** Fields of a form, checked by a schema. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";

/** Parses the fields of a form by its schema. Throws `protocol_error`. */
export function parseFields<Schema extends v.GenericSchema>(schema: Schema, fields: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, fields, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const place = v.getDotPath(issue)?.slice(0, 64) ?? "a field";
  throw new VouchError(
    "protocol_error",
    `The form is not as expected: ${place} expected ${issue.expected ?? "other values"}.`,
  );
}
