/** Health checks for load balancers: liveness and readiness. */
import type { Handler } from "./context.ts";

/** GET /healthz (liveness): 200 without a database access. */
export const health: Handler = async () => ({ response: Response.json({ status: "ok" }) });

/** GET /readyz (readiness): 200 if a write to the database succeeds. Throws the write's error, which becomes a 503. */
export const readiness: Handler = async (_request, { store, now }) => {
  await store.probe(now());
  return { response: Response.json({ status: "ok" }) };
};
