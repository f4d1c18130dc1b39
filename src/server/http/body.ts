/** Reads untrusted request bodies with a size limit, a timeout and a schema. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { HttpError, OAuthError } from "./failure.ts";

/** Size limit of a request body. */
export const maxBodyBytes = 64 * 1024;
/** Limit of a form's parameters, also of unknown ones. */
const maxParameters = 64;
const bodyTimeoutMs = 10_000;

/** Reads a JSON body and validates it by the schema. Throws HttpError (415, 413, 408) and `protocol_error`. */
export async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  expectType(request, "application/json");
  const json = parseJson(await readText(request));
  if (json === undefined) throw new VouchError("protocol_error", "Expected JSON, got something else.");
  if (Array.isArray(json)) throw new VouchError("protocol_error", "Expected a JSON object, got an array.");
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  throw new VouchError("protocol_error", `The request is not as expected: ${describe(result.issues)}.`);
}

/**
 * Reads a form body and validates it by the schema. A parameter without a value counts as omitted, unknown ones are
 * ignored, a repeated one is an error (RFC 6749, 3.2), apart from those in `repeatable`, which the schema gets as an
 * array; so are more than 64. Throws HttpError (415, 413, 408) and OAuthError `invalid_request`.
 */
export async function readForm<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  repeatable: readonly string[] = [],
): Promise<v.InferOutput<Schema>> {
  expectType(request, "application/x-www-form-urlencoded");
  const values = new Map<string, string[]>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(await readText(request))) {
    if (++count > maxParameters)
      throw new OAuthError("invalid_request", `Expected at most ${maxParameters} parameters, got more.`);
    const found = values.get(name);
    if (found === undefined) values.set(name, [value]);
    else if (repeatable.includes(name)) found.push(value);
    else throw new OAuthError("invalid_request", `The parameter "${name.slice(0, 64)}" stands more than once.`);
  }
  const parameters = [...values].flatMap(([name, all]) => {
    const given = all.filter((value) => value !== "");
    return given.length === 0 ? [] : [[name, repeatable.includes(name) ? given : given[0]] as const];
  });
  const result = v.safeParse(schema, Object.fromEntries(parameters), { abortEarly: true });
  if (result.success) return result.output;
  throw new OAuthError("invalid_request", `The request is not as expected: ${describe(result.issues)}.`);
}

/** Names the place and the expected form; never the value, which may be secret. */
export function describe(issues: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  const place = v.getDotPath(issue)?.slice(0, 64) ?? "the body";
  if (issue.expected === "never") return `${place} has no place here`;
  if (issue.received === "undefined") return `${place} is missing`;
  // A message of ours; valibot's own quote the value.
  if (issue.message.startsWith("expected ")) return `${place} ${issue.message}`;
  // valibot reports length limits as "<=64".
  if (/^[<>]=?\d+$/.test(issue.expected ?? ""))
    return `${place} is too ${issue.expected?.startsWith("<") ? "long" : "short"}`;
  // Of a form without a message of its own valibot reports the regular expression.
  const expected = issue.type === "regex" ? "another form" : issue.expected;
  return `${place} expected ${expected ?? `to fit ${issue.type}`}`;
}

/** Throws HttpError (415). */
export function expectType(request: Request, ...expected: string[]): void {
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!expected.includes(type)) {
    const got = type === "" ? "none" : `"${type.slice(0, 64)}"`;
    throw new HttpError(415, `Expected content-type ${expected.join(" or ")}, got ${got}.`);
  }
}

/** Reads a body of at most `limit` bytes. Throws HttpError (413, 408, 400). */
export async function readText(request: Request, limit = maxBodyBytes): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new HttpError(408, "The body did not arrive in time.")), bodyTimeoutMs);
  let bytes: ArrayBuffer;
  try {
    // Not chunk by chunk, which takes three times as long: the listener bounds what it collects.
    bytes = await Promise.race([request.arrayBuffer(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
  if (bytes.byteLength > limit) throw tooLarge(limit);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "Expected UTF-8, got other bytes.");
  }
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The body is larger than ${limit} bytes.`, { connection: "close" });
}
