/** Login: exchanges a WebAuthn assertion for a session, an access token bound to the client's DPoP key. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { readJson } from "../http/body.ts";
import type { Handler, HandlerResult, ServerContext } from "../context.ts";
import { ClientName } from "./code/request.ts";
import { type DpopProof, rememberProof } from "./dpop.ts";
import { OAuthError } from "../http/failure.ts";
import { askAtLogin } from "../sso/recheck/at-login.ts";
import { randomToken, sha256 } from "../random.ts";
import { writeProof } from "../policy/proof.ts";
import { ceremonySeconds } from "../webauthn/relying-party.ts";
import type { User } from "../store/people/user.ts";
import { AuthenticationResponseSchema } from "../webauthn/webauthn-json.ts";

/** POST /v1/login/options: begins an authentication ceremony. */
export const loginOptions: Handler = async (request, context) => {
  await readJson(request, v.strictObject({}));
  const options = await context.relyingParty.requestOptions();
  const ceremony = randomToken();
  await context.store.ceremonies.add({
    id: ceremony,
    type: "authentication",
    challenge: options.challenge,
    expiresAt: context.now() + ceremonySeconds,
  });
  return { response: Response.json({ ceremony, options }) };
};

export const webauthnGrantParameters = {
  ceremony: v.pipe(v.string(), v.maxCodePoints(64)),
  /** AuthenticationResponseJSON as JSON text. */
  credential: v.pipe(v.string(), v.parseJson(undefined, "expected JSON"), AuthenticationResponseSchema),
  client: v.optional(ClientName),
};

type Parameters = v.InferOutput<v.ObjectSchema<typeof webauthnGrantParameters, undefined>>;

/**
 * The WebAuthn grant of the token endpoint. One transaction, and so one file sync, for the proof, the ceremony, the
 * session and the record. Throws OAuthError `invalid_grant`, `invalid_dpop_proof`, HttpError (429), ConfirmationNeededError.
 */
export async function grantSession(
  parameters: Parameters,
  proof: DpopProof,
  context: ServerContext,
): Promise<HandlerResult> {
  const { store, sessionDuration } = context;
  try {
    const { accessToken, user } = await openSession(parameters, proof, context);
    return {
      response: Response.json({
        access_token: accessToken,
        token_type: "DPoP",
        expires_in: sessionDuration,
        user: user.email,
      }),
      user: user.id,
      isLogin: true,
    };
  } catch (error) {
    // A refused attempt uses up its proof and its ceremony, too.
    if (error instanceof OAuthError) {
      await store.transaction(async (tables) => {
        await rememberProof(tables, proof);
        await tables.ceremonies.take(parameters.ceremony, "authentication");
      });
    }
    throw error;
  }
}

async function openSession(
  parameters: Parameters,
  proof: DpopProof,
  context: ServerContext,
): Promise<{ accessToken: string; user: User }> {
  const { store, relyingParty, sessionDuration } = context;
  const now = context.now();
  const begun = await store.ceremonies.find(parameters.ceremony, "authentication");
  if (!begun || begun.expiresAt <= now) throw late();
  const found = await store.credentials.find(parameters.credential.id);
  if (!found) throw notEnrolled();
  const { credential, user } = found;
  Object.assign(context.caller, { user, credential: credential.id });
  const {
    counter,
    backedUp,
    proof: modelProof,
  } = await relyingParty
    .verifyAssertion(parameters.credential, { challenge: begun.challenge, deed: { purpose: "login" }, enrolled: found })
    .catch(refused);
  const tooMany = context.caller.count("credential", credential.id) ?? context.caller.count("person", user.id);
  if (tooMany) throw tooMany;
  const confirm = await askAtLogin(context, user);
  const accessToken = randomToken();
  await store.transaction(async (tables) => {
    const { ceremonies, credentials, sessions, record } = tables;
    await rememberProof(tables, proof);
    // Whoever takes it has the login: another request with it may have come first.
    const ceremony = await ceremonies.take(begun.id, "authentication");
    if (!ceremony || ceremony.expiresAt <= context.now()) throw late();
    const still = await credentials.find(credential.id);
    if (still?.user.id !== user.id) throw notEnrolled();
    if (still.user.disabled) {
      throw new OAuthError("invalid_grant", "The administrator has disabled this account.");
    }
    const confirmed = await confirm(tables).catch(refused);
    // An assertion from before the last revocation opens no session, even if sent after it.
    if (ceremony.revocation < still.revocation) {
      throw new OAuthError("invalid_grant", "The sessions of this account were ended while this login was under way.");
    }
    if (!(await credentials.recordAssertion(credential.id, counter, backedUp, now))) {
      throw new OAuthError("invalid_grant", "The signature counter of the security key did not rise.");
    }
    // Metadata and rules may have changed since the last login.
    if (writeProof(modelProof) !== writeProof(credential.proof)) await credentials.setProof(credential.id, modelProof);
    const session = {
      user,
      jkt: proof.jkt,
      credentialId: credential.id,
      createdAt: now,
      expiresAt: now + sessionDuration,
    };
    if (!(await sessions.add(sha256(accessToken), session, parameters.client || undefined))) throw notEnrolled();
    await record({
      event: "login",
      user,
      credential: credential.id,
      address: context.caller.address,
      detail: { expiresAt: session.expiresAt, client: parameters.client || null, ...confirmed },
    });
  });
  return { accessToken, user };
}

/** Throws a refusal in the form of this endpoint, and any other error as it is. */
function refused(error: unknown): never {
  throw error instanceof VouchError ? new OAuthError("invalid_grant", error.message, error) : error;
}

function late(): OAuthError {
  return new OAuthError("invalid_grant", "The login took longer than five minutes or was finished before.");
}

function notEnrolled(): OAuthError {
  return new OAuthError("invalid_grant", "This security key is not enrolled with this server.");
}
