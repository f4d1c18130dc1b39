/**
 * The code of a login in the browser: for a fresh assertion that signs exactly the request of the command line. A session
 * of the pages plays no part.
 */
import * as v from "valibot";
import { VouchError } from "../../../base/errors.ts";
import type { Deed } from "../../../fido/webauthn/deed.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { makeEnrollmentCode } from "../../keys/enrollment-code.ts";
import { beginAssertion, notEnrolled, recordAsserted, verifyAsserted } from "../../pages/assertion.ts";
import { showCancelled, showCode } from "../../pages/code/outcome.tsx";
import { readOpenForm } from "../../pages/forms.ts";
import { CeremonyId, jsonField } from "../../pages/touch.ts";
import { randomToken, sha256 } from "../../random.ts";
import { AuthenticationResponseSchema } from "../../webauthn/webauthn-json.ts";
import { type LoginRequest, pendingRequest, RequestUri, signedParts, takeRequest } from "./request.ts";
import { responseUrl } from "./response.ts";

/** How long a code is good that the browser carries, and one that a person types; seconds. */
const carriedSeconds = 60;
const typedSeconds = 300;

const RequestForm = v.object({ request_uri: RequestUri });
const GrantForm = v.object({
  ...RequestForm.entries,
  ceremony: CeremonyId,
  credential: jsonField(AuthenticationResponseSchema),
});

/** POST /sign-in/code/options: begins the ceremony for this request. */
export const codeOptions: Handler = async (request, context) => {
  expectOn(context);
  const { request_uri: uri } = await readOpenForm(request, context, RequestForm);
  const asked = await pendingRequest(context.store, uri, context.now());
  return { response: Response.json(await beginAssertion(context, "browser_login", deedOf(asked))) };
};

/** POST /sign-in/code: makes the code, and leads the browser to the command line with it, or shows it. */
export const grantCode: Handler = async (request, context) => {
  expectOn(context);
  const { ceremony, credential, request_uri: uri } = await readOpenForm(request, context, GrantForm);
  const now = context.now();
  const asked = await pendingRequest(context.store, uri, now);
  const asserted = await verifyAsserted(context, "browser_login", {
    ceremony,
    response: credential,
    deed: deedOf(asked),
  });
  const { user, credentialId } = asserted;
  const { redirectUri, client } = asked;
  const code = redirectUri === undefined ? makeEnrollmentCode() : randomToken();
  const expiresAt = now + (redirectUri === undefined ? typedSeconds : carriedSeconds);
  await context.store.transaction(async (tables) => {
    // The request is used up with the touch that grants it: a page that was left open, or a second tab, grants nothing.
    await takeRequest(tables, uri, now);
    await recordAsserted(tables, asserted, now);
    const added = await tables.authorizationCodes.add(sha256(code), {
      userId: user.id,
      credentialId,
      createdAt: now,
      expiresAt,
      challenge: asked.challenge,
      jkt: asked.jkt,
      redirectUri,
      client,
      ceremony,
      revocation: asserted.ceremony.revocation,
    });
    if (!added) throw notEnrolled();
    const detail = { expiresAt, client: client ?? null, terminal: asked.address };
    const { address } = context.caller;
    await tables.record({ event: "login_code", user, credential: credentialId, address, detail });
  });
  const url = responseUrl(asked, context.url, { code });
  return { response: showCode({ url, code, email: user.email, client, address: asked.address }), user: user.id };
};

/** POST /sign-in/code/cancel: tells the command line that the person does not want it (RFC 6749, 4.1.2.1). */
export const cancelCode: Handler = async (request, context) => {
  expectOn(context);
  const { request_uri: uri } = await readOpenForm(request, context, RequestForm);
  const asked = await context.store.transaction((tables) => takeRequest(tables, uri, context.now()));
  return { response: showCancelled(responseUrl(asked, context.url, { error: "access_denied" })) };
};

function deedOf(asked: LoginRequest): Deed {
  return { purpose: "browser-login", about: signedParts(asked) };
}

function expectOn({ browserLogin }: ServerContext): void {
  if (browserLogin !== undefined) return;
  throw new VouchError("access_denied", "This server does not let people log in in a browser.", {
    hint: "Log in with your security key: `vouch login`.",
  });
}
