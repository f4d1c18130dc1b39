/** Signing in to the pages by a security key, as strictly as a login: PIN or finger, touch, this origin, this purpose. */
import * as v from "valibot";
import type { Handler } from "../../context.ts";
import { askAtLogin } from "../../sso/recheck/at-login.ts";
import { AuthenticationResponseSchema } from "../../webauthn/webauthn-json.ts";
import { type Destination, destinations, redirect } from "../answer.ts";
import { beginAssertion, notEnrolled, recordAsserted, verifyAsserted } from "../assertion.ts";
import { readOpenForm, readPageForm } from "../forms.ts";
import { clearedCookie, endPageSession, openPageSession } from "../session.ts";
import { CeremonyId, jsonField } from "../touch.ts";

/** A touch for this opens no session of the command line, nor the other way round. */
const deed = { purpose: "page-sign-in" } as const;

/** POST /sign-in/options: begins the ceremony; any credential of this relying party can answer. */
export const signInOptions: Handler = async (request, context) => {
  await readOpenForm(request, context, v.object({}));
  return { response: Response.json(await beginAssertion(context, "page_sign_in", deed)) };
};

const SignInForm = v.object({
  ceremony: CeremonyId,
  credential: jsonField(AuthenticationResponseSchema),
  next: v.optional(v.picklist(Object.keys(destinations) as Destination[]), "mine"),
});

/** POST /sign-in: opens a session, with a new cookie, and goes on to one of the pages. */
export const signIn: Handler = async (request, context) => {
  const { ceremony, credential, next } = await readOpenForm(request, context, SignInForm);
  const now = context.now();
  const asserted = await verifyAsserted(context, "page_sign_in", { ceremony, response: credential, deed });
  const { user, credentialId } = asserted;
  const confirm = await askAtLogin(context, user);
  const cookie = await context.store.transaction(async (tables) => {
    const confirmed = await confirm(tables);
    await recordAsserted(tables, asserted, now);
    const set = await openPageSession(tables, request, context, { user, method: "key", credentialId }, now);
    if (set === undefined) throw notEnrolled();
    const { address } = context.caller;
    const detail = { method: "key", ...confirmed };
    await tables.record({ event: "page_sign_in", user, credential: credentialId, address, detail });
    return set;
  });
  return { response: redirect(next, undefined, cookie), user: user.id };
};

/** POST /sign-out: ends the session, and clears the cookie. */
export const signOut: Handler = async (request, context) => {
  const { session } = await readPageForm(request, context, v.object({}));
  const { address } = context.caller;
  await context.store.transaction((tables) => endPageSession(tables, session.tokenHash, address));
  return { response: redirect("sign-in", "signed-out", clearedCookie), user: session.user.id };
};
