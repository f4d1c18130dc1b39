/** One route: a path and a method, with what answers it. */
import type { Failure } from "./http/failure.ts";
import type { RateClass } from "./http/rate-limit.ts";
import type { Handler, ServerContext } from "./context.ts";

/** Makes the answer of a failure. */
export type Refusal = (failure: Failure, request: Request, context: ServerContext) => Promise<Response>;

export interface Route {
  /** Its last segment may be `{id}`, which is any. */
  path: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  handler: Handler;
  /** Absent: no rate limit. */
  rateClass?: RateClass;
  /** No operation of the API: whoever comes is refused, and told why. */
  refusesAll?: true;
  /** How a failure is answered, where people read it. Absent: JSON. */
  refusal?: Refusal;
}
