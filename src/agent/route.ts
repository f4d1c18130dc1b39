/** One entry of a table of routes: the schema of the request, who answers it, and how long the answer may be cached. */
import * as v from "valibot";
import { RequestError } from "./wire/http-request.ts";

/** `From` is what the answers come from: the agent's state, or a job's. */
export interface RouteEntry<From, Reply extends object> {
  /** Answers a body whose form is not known. Throws `RequestError` 400 for one that does not have the schema's form. */
  answer(from: From, body: unknown): Promise<Reply>;
  /** When the first of the tokens in a reply ends, seconds since 1970; undefined when it must not be cached. */
  expiration(reply: Reply): number | undefined;
}

/** An entry; without `expiration` its answers are not cached. */
export function route<Schema extends v.GenericSchema, From, Reply extends object>(
  schema: Schema,
  handler: (from: From, request: v.InferOutput<Schema>) => Reply | Promise<Reply>,
  expiration: (reply: Reply) => number | undefined = () => undefined,
): RouteEntry<From, Reply> {
  return { answer: async (from, body) => handler(from, parseRequest(schema, body)), expiration };
}

function parseRequest<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RequestError(400, `At ${v.getDotPath(issue) ?? "the top level"} expected ${issue.expected ?? issue.type}.`);
}
