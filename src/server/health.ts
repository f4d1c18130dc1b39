/** Health checks for load balancers: liveness and readiness. */
import type { Handler } from "./context.ts";
import { settledWithin } from "./settled-within.ts";
import { SigningUnavailableError } from "./signing/unavailable.ts";
import { NoAnswerError } from "./store/failure.ts";
import type { Store } from "./store/store.ts";

/** Probes under way: strangers may ask any number of times at once, and each probe is a write that waits for the disk. */
const probes = new WeakMap<Pick<Store, "probe">, Promise<void>>();

/** How long the database has for its answer, in milliseconds: a busy disk gets it, and few load balancers wait for longer. */
const answerMs = 3_000;

/** GET /healthz (liveness): 200 without a database access. */
export const health: Handler = async () => ({ response: Response.json({ status: "ok" }) });

/**
 * GET /readyz (readiness): 200 if a write to the database succeeds and this server has what signs, 503 if it is about to
 * end. AWS KMS that is away is in the answer, and no reason for a 503: every replica would give it, and a load balancer
 * would have nobody left for what needs no signature (JWKS, logins, revocation). Throws the error of either, which becomes
 * a 503, and NoAnswerError for a database that says nothing. Requests at the same time share one write.
 */
export const readiness: Handler = async (_request, { store, issuer, now, isDraining }) => {
  if (isDraining) {
    const error = { code: "server_error", message: "The server is about to end: send requests to another one." };
    return { response: Response.json({ error }, { status: 503, headers: { "retry-after": "5" } }) };
  }
  const failure = issuer.signingFailure();
  const isAway = failure instanceof SigningUnavailableError;
  if (failure !== undefined && !isAway) throw new SigningUnavailableError((failure as Error).message, failure);
  let probe = probes.get(store);
  if (probe === undefined) {
    probe = store.probe(now()).finally(() => probes.delete(store));
    probes.set(store, probe);
  }
  if (!(await settledWithin(probe, answerMs))) throw new NoAnswerError();
  return { response: Response.json({ status: "ok", signing: isAway ? "unavailable" : "ok" }) };
};
