/** Health for load balancers: whether the process answers, and whether it can do its work. */
import type { Handler } from "./context.ts";

/** GET /healthz (liveness): the process answers; the database is not asked. */
export const health: Handler = async () => ({ response: Response.json({ status: "ok" }) });

/** GET /readyz (readiness): a write to the database succeeds. Throws what makes it fail, which is answered with 503. */
export const readiness: Handler = async (_request, { store, now }) => {
  await store.probe(now());
  return { response: Response.json({ status: "ok" }) };
};
