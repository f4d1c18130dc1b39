/** An entry of a table of routes: request schema, handler, and cache lifetime of the reply. */
import * as v from "valibot";
import { RequestError } from "./wire/http-request.ts";
import type { Peer } from "./wire/peer.ts";
import type { Lifetime } from "./wire/response-cache.ts";

export interface Answered<Reply extends object> {
  reply: Reply;
  /** How long the reply may be served again to anybody; undefined if it must not be cached. */
  lifetime: Lifetime | undefined;
}

/** `From` is the handler's context: the agent's state, or a job's. */
export interface RouteEntry<From, Reply extends object> {
  /** Handles an unchecked body. Throws `RequestError` 400 if it does not match the schema. */
  answer(from: From, body: unknown, peer?: Peer): Promise<Answered<Reply>>;
}

/** An entry; without `lifetime` its replies are not cached. */
export function route<Schema extends v.GenericSchema, From, Reply extends object>(
  schema: Schema,
  handler: (from: From, request: v.InferOutput<Schema>, peer?: Peer) => Reply | Promise<Reply>,
  lifetime: (reply: Reply, request: v.InferOutput<Schema>) => Lifetime | undefined = () => undefined,
): RouteEntry<From, Reply> {
  return {
    async answer(from, body, peer) {
      const request = parseRequest(schema, body);
      const reply = await handler(from, request, peer);
      return { reply, lifetime: lifetime(reply, request) };
    },
  };
}

function parseRequest<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RequestError(400, `At ${v.getDotPath(issue) ?? "the top level"} expected ${issue.expected ?? issue.type}.`);
}
