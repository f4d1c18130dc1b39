/** An ID token that a CI platform handed over as text. AWS verifies it; here it is only read. */
import { decodeJwt } from "jose";
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { IdToken } from "../aws/web-identity.ts";

export interface PlatformIdToken extends IdToken {
  /** The claim `sub`: the platform's name for the job. */
  subject: string;
}

const Claims = v.object({
  exp: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(253_402_300_799)),
  sub: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
});

/** Maximum length of a WebIdentityToken at STS, in characters. */
const maxLength = 20_000;

/**
 * Parses the token in `text`; surrounding whitespace is ignored. `origin` names its source, for the error; `now` is in
 * milliseconds since 1970. Throws `identity_unavailable` if it is no JWT with `exp` and `sub`, or has expired.
 */
export function readIdToken(text: string, origin: string, now: number): PlatformIdToken {
  const token = text.trim();
  const claims = readClaims(token);
  if (claims === undefined) {
    throw new VouchError("identity_unavailable", `Expected an OpenID Connect ID token (a JWT) from ${origin}.`, {
      hint: `Got ${token === "" ? "nothing" : `${token.length} characters that are not one`}: check what sets it.`,
    });
  }
  if (claims.exp * 1000 <= now) {
    throw new VouchError(
      "identity_unavailable",
      `The ID token from ${origin} ended at ${new Date(claims.exp * 1000).toISOString()}.`,
      { hint: "Run Vouch earlier in the job, or give the job a token that lasts longer; and check the clock." },
    );
  }
  return { token: new Secret(token), expiration: claims.exp, subject: claims.sub };
}

function readClaims(token: string): v.InferOutput<typeof Claims> | undefined {
  if (token.length > maxLength || !/^[\w-]+(\.[\w-]+){2}$/.test(token)) return undefined;
  try {
    const claims = v.safeParse(Claims, decodeJwt(token));
    return claims.success ? claims.output : undefined;
  } catch {
    return undefined;
  }
}
