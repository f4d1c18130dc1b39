/** Health checks for load balancers: liveness and readiness. */
import type { Handler } from "./context.ts";

/** GET /healthz (liveness): 200 without a database access. */
export const health: Handler = async () => ({ response: Response.json({ status: "ok" }) });

/**
 * GET /readyz (readiness): 200 if a write to the database succeeds and a key can sign. Throws the error of either, which
 * becomes a 503.
 */
export const readiness: Handler = async (_request, { store, issuer, now }) => {
  await issuer.checkSigner();
  await store.probe(now());
  return { response: Response.json({ status: "ok" }) };
};
