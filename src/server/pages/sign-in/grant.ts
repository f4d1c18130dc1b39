/** Signing in to the pages by a security key, as strictly as a login: PIN or finger, touch, this origin, this purpose. */
import * as v from "valibot";
import { VouchError } from "../../../base/errors.ts";
import { signedChallenge } from "../../../fido/webauthn/deed.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { randomToken } from "../../random.ts";
import type { User } from "../../store/user.ts";
import { ceremonySeconds } from "../../webauthn/relying-party.ts";
import { AuthenticationResponseSchema } from "../../webauthn/webauthn-json.ts";
import { type Destination, destinations, redirect } from "../answer.ts";
import { readOpenForm, readPageForm } from "../forms.ts";
import { clearedCookie, openPageSession } from "../session.ts";
import { CeremonyId, jsonField } from "../touch.ts";

/** A touch for this opens no session of the command line, and the other way round. */
const deed = { purpose: "page-sign-in" } as const;

/** POST /sign-in/options: begins the ceremony; any credential of this relying party can answer. */
export const signInOptions: Handler = async (request, context) => {
  await readOpenForm(request, context, v.object({}));
  const { challenge, ...options } = await context.relyingParty.requestOptions();
  const ceremony = randomToken();
  const expiresAt = context.now() + ceremonySeconds;
  await context.store.ceremonies.add({ id: ceremony, type: "page_sign_in", challenge, expiresAt });
  const signed = { ...options, challenge: signedChallenge(challenge, deed) };
  return { response: Response.json({ ceremony, options: signed }) };
};

const SignInForm = v.object({
  ceremony: CeremonyId,
  credential: jsonField(AuthenticationResponseSchema),
  next: v.optional(v.picklist(Object.keys(destinations) as Destination[]), "mine"),
});

/** POST /sign-in: opens a session, with a new cookie, and goes on to one of the pages. */
export const signIn: Handler = async (request, context) => {
  const form = await readOpenForm(request, context, SignInForm);
  const { user, cookie } = await grant(form, context);
  return { response: redirect(form.next, undefined, cookie), user: user.id };
};

async function grant(
  { ceremony: id, credential: response }: v.InferOutput<typeof SignInForm>,
  context: ServerContext,
): Promise<{ user: User; cookie: Record<string, string> }> {
  const { store, relyingParty, caller } = context;
  const now = context.now();
  // Used up by a refused attempt, too.
  const ceremony = await store.ceremonies.take(id, "page_sign_in");
  if (!ceremony || ceremony.expiresAt <= now) throw denied("Signing in took longer than five minutes.");
  const found = await store.credentials.find(response.id);
  if (!found) throw notEnrolled();
  const { credential, user } = found;
  Object.assign(caller, { user, credential: credential.id });
  const expected = { challenge: ceremony.challenge, deed, enrolled: found };
  const { counter, backedUp } = await relyingParty.verifyAssertion(response, expected);
  const tooMany = caller.count("credential", credential.id) ?? caller.count("person", user.id);
  if (tooMany) throw tooMany;
  const cookie = await store.transaction(async (tables) => {
    const still = await tables.credentials.find(credential.id);
    if (still?.user.id !== user.id) throw notEnrolled();
    if (still.user.disabled) throw denied("The administrator has disabled this account.");
    // As for a login: an assertion from before the last revocation opens nothing.
    if (ceremony.revocation < still.revocation) {
      throw denied("The sessions of this account were ended while this sign-in was under way.");
    }
    if (!(await tables.credentials.recordAssertion(credential.id, counter, backedUp, now))) {
      throw denied("The signature counter of the security key did not rise.");
    }
    const opened = { user, method: "key", credentialId: credential.id } as const;
    const set = await openPageSession(tables, context, opened, now);
    if (set === undefined) throw notEnrolled();
    await tables.record({
      event: "page_sign_in",
      user,
      credential: credential.id,
      address: caller.address,
      detail: { method: "key" },
    });
    return set;
  });
  return { user, cookie };
}

/** POST /sign-out: ends the session, and clears the cookie. */
export const signOut: Handler = async (request, context) => {
  const { session } = await readPageForm(request, context, v.object({}));
  const { user, credentialId, tokenHash, method } = session;
  await context.store.transaction(async ({ pageSessions, record }) => {
    if (!(await pageSessions.remove(tokenHash))) return;
    const { address } = context.caller;
    await record({ event: "page_sign_out", user, credential: credentialId, address, detail: { method } });
  });
  return { response: redirect("sign-in", "signed-out", clearedCookie), user: user.id };
};

function denied(message: string): VouchError {
  return new VouchError("login_denied", message, { hint: "Sign in again." });
}

function notEnrolled(): VouchError {
  return new VouchError("login_denied", "This security key is not enrolled with this server.", {
    hint: "Enrol it with a code of your administrator: `vouch enroll`.",
  });
}
