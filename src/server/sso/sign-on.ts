/** A sign-on at the company's identity provider: a browser goes there, and comes back with a code. */
import { VouchError } from "../../base/errors.ts";
import type { Handler, ServerContext } from "../context.ts";
import { cookie, readCookie } from "../http/cookie.ts";
import { HttpError } from "../http/failure.ts";
import { redirect } from "../pages/answer.ts";
import { showCode } from "../pages/enroll/page.tsx";
import { randomToken, sha256 } from "../random.ts";
import { type SignOn, type SignOnPurpose, signOnPurposes } from "../store/people/sign-ons.ts";
import { readClaims } from "./claims.ts";
import { configured } from "./configured.ts";
import { type Arrived, grantCode, grantPages } from "./grant.ts";

/** Binds a sign-on to the browser that began it. */
const signOnCookie = "__Host-vouch-sign-on";
/** How long a person may take at the provider, in seconds. */
const signOnSeconds = 600;
/** Limit of the parameters that come back, in characters. */
const maxQuery = 8192;

/** GET /sso/begin: leads a browser to the provider, and binds the sign-on to it. `for` is one of a fixed list; the pages without it. */
export const beginSignOn: Handler = async (request, context) => {
  const purpose = purposeOf(new URL(request.url).searchParams.getAll("for"));
  // Kept where there is one: another tab's sign-on stays good.
  const browser = readCookie(request, signOnCookie) ?? randomToken();
  return { response: await leadToProvider({ browser, purpose }, context) };
};

async function leadToProvider(
  { browser, ...asked }: { browser: string } & Pick<SignOn, "purpose" | "consent">,
  context: ServerContext,
): Promise<Response> {
  const { provider } = configured(context);
  const [state, nonce, verifier] = [randomToken(), randomToken(), randomToken()];
  const url = await provider.authorizationUrl({ state, nonce, verifier }, asked.consent);
  await context.store.signOns.add({
    stateHash: sha256(state),
    browserHash: sha256(browser),
    nonce,
    verifier,
    ...asked,
    expiresAt: context.now() + signOnSeconds,
  });
  const headers = { location: url.href, "set-cookie": cookie(signOnCookie, browser, signOnSeconds) };
  return new Response(null, { status: 303, headers });
}

/** GET /sso/callback: the authorization response (RFC 6749, 4.1.2). A state is good once, in the browser that began it. */
export const finishSignOn: Handler = async (request, context) => {
  const { provider, settings, recheck } = configured(context);
  const { search, searchParams } = new URL(request.url);
  if (search.length > maxQuery) throw new HttpError(414, "The identity provider's answer is longer than expected.");
  const [state = "", ...others] = searchParams.getAll("state");
  const browser = readCookie(request, signOnCookie);
  const begun =
    browser === undefined || others.length > 0
      ? undefined
      : await context.store.signOns.take(sha256(state), sha256(browser));
  if (browser === undefined || begun === undefined || begun.expiresAt <= context.now()) throw notBegun();
  const { nonce, verifier } = begun;
  context.caller.signOn = { issuer: settings.issuer };
  const answered = await provider.finish(searchParams, { state, nonce, verifier });
  const claims = readClaims(answered, settings);
  context.caller.signOn = { issuer: settings.issuer, subject: claims.subject, email: claims.email };
  const refreshToken = await recheck?.keep(answered, claims.subject);
  const { purpose, consent } = begun;
  if (recheck !== undefined && refreshToken === undefined && consent === undefined) {
    const identity = { issuer: settings.issuer, subject: claims.subject };
    // Many providers give one only with the person's consent (OpenID Connect Core 1.0, 11), which is asked for once.
    const isMissing = !(await context.store.identities.hasRefreshToken(identity));
    if (isMissing && (await provider.offersRefreshTokens()))
      return { response: await leadToProvider({ browser, purpose, consent: true }, context) };
  }
  const arrived = { claims, settings, refreshToken };
  return purpose === "enroll" ? await enroll(arrived, context) : await openPages(request, arrived, context);
};

async function enroll(arrived: Arrived, context: ServerContext): ReturnType<Handler> {
  const { code, user } = await grantCode(arrived, context);
  return { response: showCode(code, { email: user.email, server: context.url }), user: user.id };
}

async function openPages(request: Request, arrived: Arrived, context: ServerContext): ReturnType<Handler> {
  const { cookie: opened, user } = await grantPages(request, arrived, context);
  return { response: redirect("mine", undefined, opened), user: user.id };
}

function purposeOf(given: readonly string[]): SignOnPurpose {
  const found = signOnPurposes.find((purpose) => given.length <= 1 && purpose === (given[0] ?? "pages"));
  if (found !== undefined) return found;
  throw new VouchError("protocol_error", `Expected the parameter for with ${signOnPurposes.join(" or ")}.`);
}

function notBegun(): VouchError {
  return new VouchError(
    "protocol_error",
    "This sign-on was not begun in this browser, took longer than ten minutes, or was finished before.",
    { hint: "Begin again on the page that you came from." },
  );
}
