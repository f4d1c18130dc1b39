/** The authorization code grant of the token endpoint (RFC 6749, 4.1.3), with PKCE (RFC 7636, 4.6) and DPoP (RFC 9449, 10). */
import * as v from "valibot";
import type { HandlerResult, ServerContext } from "../../context.ts";
import { OAuthError } from "../../http/failure.ts";
import { normalizeEnrollmentCode } from "../../keys/enrollment-code.ts";
import { randomToken, sha256 } from "../../random.ts";
import type { AuthorizationCode } from "../../store/people/authorization-codes.ts";
import type { Recording } from "../../store/store.ts";
import type { User } from "../../store/people/user.ts";
import { type DpopProof, rememberProof } from "../dpop.ts";
import { clientId } from "./request.ts";

export const codeGrantParameters = {
  client_id: v.pipe(v.string(), v.maxCodePoints(64)),
  code: v.pipe(v.string(), v.maxCodePoints(64)),
  code_verifier: v.pipe(v.string(), v.regex(/^[\w.~-]{43,128}$/, "expected 43 to 128 unreserved characters")),
  /** As in the authorization request; absent for a code that was typed. */
  redirect_uri: v.optional(v.pipe(v.string(), v.maxCodePoints(64))),
};

type Parameters = v.InferOutput<v.ObjectSchema<typeof codeGrantParameters, undefined>>;

interface Opened {
  user: User;
  accessToken: string;
  expiresIn: number;
}

/**
 * Opens the session of a code, as a login does: one transaction for the proof, the code, the session and the record. Each
 * attempt uses the code up, also one that is refused: the wrong hands have it then. Throws OAuthError `invalid_client`,
 * `invalid_grant`, `invalid_dpop_proof`, HttpError (429).
 */
export async function redeemCode(
  parameters: Parameters,
  proof: DpopProof,
  context: ServerContext,
): Promise<HandlerResult> {
  const { store } = context;
  if (parameters.client_id !== clientId) {
    await rememberProof(store, proof);
    throw new OAuthError("invalid_client", `Expected the client_id ${clientId}.`);
  }
  const opened = await store.transaction(async (tables) => {
    await rememberProof(tables, proof);
    const { redirect_uri: redirectUri } = parameters;
    const code = redirectUri === undefined ? normalizeEnrollmentCode(parameters.code) : parameters.code;
    const found = await tables.authorizationCodes.take(sha256(code));
    return found === undefined ? unknown() : await open(tables, found, { parameters, proof, context });
  });
  // Thrown after the commit: code and proof stay used.
  if (opened instanceof Error) throw opened;
  const { user, accessToken, expiresIn } = opened;
  const answer = { access_token: accessToken, token_type: "DPoP", expires_in: expiresIn, user: user.email };
  return { response: Response.json(answer), user: user.id, isLogin: true };
}

async function open(
  tables: Recording,
  code: AuthorizationCode,
  { parameters, proof, context }: { parameters: Parameters; proof: DpopProof; context: ServerContext },
): Promise<Opened | Error> {
  const { caller, sessionDuration } = context;
  const now = context.now();
  const found = await tables.credentials.find(code.credentialId);
  if (found?.user.id !== code.userId) return unknown();
  const { user, revocation } = found;
  Object.assign(caller, { user, credential: code.credentialId });
  const isForThis =
    code.challenge === sha256(parameters.code_verifier) &&
    code.jkt === proof.jkt &&
    code.redirectUri === parameters.redirect_uri;
  // Which of them is another is not said (no oracle).
  if (!isForThis) return new OAuthError("invalid_grant", "The code was made for another login.");
  const tooMany = caller.count("credential", code.credentialId) ?? caller.count("person", user.id);
  if (tooMany) return tooMany;
  if (code.expiresAt <= now) return new OAuthError("invalid_grant", "The code has expired.");
  if (user.disabled) return new OAuthError("invalid_grant", "The administrator has disabled this account.");
  if (code.revocation < revocation) {
    return new OAuthError("invalid_grant", "The sessions of this account were ended while this login was under way.");
  }
  const accessToken = randomToken();
  // The session lasts as if it had begun with the touch.
  const expiresAt = code.createdAt + sessionDuration;
  const { credentialId, createdAt, client, jkt } = code;
  if (expiresAt <= now) return new OAuthError("invalid_grant", "The code has expired.");
  const session = { user, jkt, credentialId, createdAt, expiresAt, openedBy: "browser" } as const;
  if (!(await tables.sessions.add(sha256(accessToken), session, client))) return unknown();
  const detail = { expiresAt, client: client ?? null, by: "browser" };
  await tables.record({ event: "login", user, credential: credentialId, address: caller.address, detail });
  return { user, accessToken, expiresIn: expiresAt - now };
}

function unknown(): OAuthError {
  return new OAuthError("invalid_grant", "The code is not known, or was used before.");
}
