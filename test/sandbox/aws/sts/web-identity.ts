/** Verification of a web identity token as IAM does it for an OIDC provider, against the issuer's own documents. */
import * as jose from "jose";
import type { Account, OidcProvider } from "../account.ts";
import { ServiceError } from "../service-error.ts";

export type Fetch = (url: string) => Promise<Response>;

export interface WebIdentity {
  provider: OidcProvider;
  subject: string;
  /** What the provider's key `aud` has: the claim `azp` where there is one, else `aud`. */
  audience: string;
  claims: jose.JWTPayload;
}

const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/** Who the token is for. `accountId` is the account of the role that is asked for. Throws ServiceError. */
export async function verifyWebIdentity(
  token: string,
  context: { account: Account; accountId: string; fetch: Fetch },
): Promise<WebIdentity> {
  const { account } = context;
  const { iss } = decode(token);
  const provider = account.oidcProviders.find(({ url }) => url === iss);
  if (!provider || context.accountId !== account.id) {
    throw invalid(`No OpenIDConnect provider found in your account for ${iss}`);
  }
  const keys = await fetchKeys(provider, context.fetch);
  const payload = await verify(token, keys, account.now());

  const audiences = typeof payload["azp"] === "string" ? [payload["azp"]] : [payload.aud ?? []].flat();
  const audience = audiences.find((aud) => provider.clientIds.includes(aud));
  if (audience === undefined) throw invalid("Incorrect token audience");
  const { exp, iat, sub } = payload;
  if (!Number.isInteger(exp) || !Number.isInteger(iat)) throw invalid("Missing a required claim: exp or iat");
  if (typeof sub !== "string" || sub.length < 6 || sub.length > 255) {
    throw invalid("The sub claim must have 6 to 255 characters");
  }
  return { provider, subject: sub, audience, claims: payload };
}

function decode(token: string): { iss: string } {
  try {
    const { iss } = jose.decodeJwt(token);
    if (typeof iss === "string") return { iss };
  } catch {
    // Answered below like a token without an issuer.
  }
  throw invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
}

async function verify(token: string, keys: jose.JSONWebKeySet, now: number): Promise<jose.JWTPayload> {
  try {
    const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet(keys), {
      algorithms,
      currentDate: new Date(now),
      requiredClaims: ["iss", "sub", "aud", "exp", "iat"],
    });
    return payload;
  } catch (error) {
    if (error instanceof jose.errors.JWTExpired) {
      throw new ServiceError(
        "ExpiredTokenException",
        `Token expired: current date/time ${Math.floor(now / 1000)} must be before the expiration date/time ${error.payload.exp}`,
        400,
      );
    }
    throw invalid(`Invalid token: ${(error as Error).message}`);
  }
}

/** The issuer's keys by way of its discovery document (OpenID Connect Discovery 1.0, 4). */
async function fetchKeys(provider: OidcProvider, fetch: Fetch): Promise<jose.JSONWebKeySet> {
  const issuer = new URL(provider.url);
  if (issuer.protocol !== "https:" || issuer.port || issuer.search)
    throw invalid("The issuer must be a plain https URL");
  const discovery = await fetchJson(`${provider.url}/.well-known/openid-configuration`, fetch);
  const jwksUri = discovery["jwks_uri"];
  if (discovery["issuer"] !== provider.url || typeof jwksUri !== "string" || !jwksUri.startsWith("https://")) {
    throw invalid(
      "Couldn't retrieve verification key from your identity provider: the discovery document does not match",
    );
  }
  const keys = (await fetchJson(jwksUri, fetch)) as unknown as jose.JSONWebKeySet;
  const tooMany = ["RSA", "EC"].some((kty) => keys.keys.filter((key) => key.kty === kty).length > 100);
  if (tooMany) throw invalid("Couldn't retrieve verification key from your identity provider: more than 100 keys");
  return keys;
}

async function fetchJson(url: string, fetch: Fetch): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw new ServiceError(
      "IDPCommunicationError",
      `Error communicating with ${url}: ${(error as Error).message}`,
      400,
    );
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError("InvalidIdentityToken", message, 400);
}
