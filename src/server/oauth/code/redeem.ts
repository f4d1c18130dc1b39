/** The authorization code grant of the token endpoint (RFC 6749, 4.1.3), with PKCE (RFC 7636, 4.6) and DPoP (RFC 9449, 10). */
import * as v from "valibot";
import { VouchError } from "../../../base/errors.ts";
import type { HandlerResult, ServerContext } from "../../context.ts";
import { OAuthError } from "../../http/failure.ts";
import { normalizeEnrollmentCode } from "../../keys/enrollment-code.ts";
import { randomToken, sha256 } from "../../random.ts";
import { askAtLogin } from "../../sso/recheck/at-login.ts";
import { ConfirmationNeededError } from "../../sso/unavailable.ts";
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
 * `invalid_grant`, `invalid_dpop_proof`, HttpError (429), ConfirmationNeededError.
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
  const { redirect_uri: redirectUri } = parameters;
  const code = redirectUri === undefined ? normalizeEnrollmentCode(parameters.code) : parameters.code;
  const confirm = await askAboutOwner(sha256(code), { parameters, proof, context });
  const opened = await store.transaction(async (tables) => {
    await rememberProof(tables, proof);
    const found = await tables.authorizationCodes.take(sha256(code));
    return found === undefined ? unknown() : await open(tables, found, { parameters, proof, context, confirm });
  });
  // Thrown after the commit: code and proof stay used.
  if (opened instanceof Error) throw opened;
  const { user, accessToken, expiresIn } = opened;
  const answer = { access_token: accessToken, token_type: "DPoP", expires_in: expiresIn, user: user.email };
  return { response: Response.json(answer), user: user.id, isLogin: true };
}

interface Attempt {
  parameters: Parameters;
  proof: DpopProof;
  context: ServerContext;
}

/** Asks the identity provider about whose code it is, if it would be good: nobody else makes this server ask. */
async function askAboutOwner(codeHash: string, attempt: Attempt): ReturnType<typeof askAtLogin> {
  const { store } = attempt.context;
  const code = await store.authorizationCodes.look(codeHash);
  const found = code && (await store.credentials.find(code.credentialId));
  const isGood = code !== undefined && code.expiresAt > attempt.context.now() && isForThis(code, attempt);
  if (!isGood || found?.user.id !== code.userId) return async () => ({});
  return await askAtLogin(attempt.context, found.user);
}

function isForThis(code: AuthorizationCode, { parameters, proof }: Attempt): boolean {
  return (
    code.challenge === sha256(parameters.code_verifier) &&
    code.jkt === proof.jkt &&
    code.redirectUri === parameters.redirect_uri
  );
}

async function open(
  tables: Recording,
  code: AuthorizationCode,
  { confirm, ...attempt }: Attempt & { confirm: Awaited<ReturnType<typeof askAtLogin>> },
): Promise<Opened | Error> {
  const { caller, sessionDuration, ...context } = attempt.context;
  const now = context.now();
  const found = await tables.credentials.find(code.credentialId);
  if (found?.user.id !== code.userId) return unknown();
  const { user, revocation } = found;
  Object.assign(caller, { user, credential: code.credentialId });
  // Which of them is another is not said (no oracle).
  if (!isForThis(code, attempt)) return new OAuthError("invalid_grant", "The code was made for another login.");
  const tooMany = caller.count("credential", code.credentialId) ?? caller.count("person", user.id);
  if (tooMany) return tooMany;
  if (code.expiresAt <= now) return new OAuthError("invalid_grant", "The code has expired.");
  if (user.disabled) return new OAuthError("invalid_grant", "The administrator has disabled this account.");
  const confirmed = await confirm(tables).catch(refusal);
  if (confirmed instanceof Error) return confirmed;
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
  const detail = { expiresAt, client: client ?? null, by: "browser", ...confirmed };
  await tables.record({ event: "login", user, credential: credentialId, address: caller.address, detail });
  return { user, accessToken, expiresIn: expiresAt - now };
}

/** Returns why the identity provider's word keeps the person out; throws any other error. */
function refusal(error: unknown): Error {
  if (error instanceof ConfirmationNeededError) return error;
  if (error instanceof VouchError) return new OAuthError("invalid_grant", error.message, error);
  throw error;
}

function unknown(): OAuthError {
  return new OAuthError("invalid_grant", "The code is not known, or was used before.");
}
