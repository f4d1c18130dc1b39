/** Health checks for load balancers: liveness and readiness. */
import type { Handler } from "./context.ts";

/** GET /healthz (liveness): 200 without a database access. */
export const health: Handler = async () => ({ response: Response.json({ status: "ok" }) });

/**
 * GET /readyz (readiness): 200 if a write to the database succeeds and a key can sign, 503 if the server is about to end.
 * Throws the error of either, which becomes a 503.
 */
export const readiness: Handler = async (_request, { store, issuer, now, isDraining }) => {
  if (isDraining) {
    const error = { code: "server_error", message: "The server is about to end: send requests to another one." };
    return { response: Response.json({ error }, { status: 503, headers: { "retry-after": "5" } }) };
  }
  await issuer.checkSigner();
  await store.probe(now());
  return { response: Response.json({ status: "ok" }) };
};
