/**
 * OAuth and OpenID clients that other people wrote (openid-client, oauth4webapi) at the compiled server over TLS:
 * discovery, a login, token exchange, a request in the session, revocation; with DPoP, and with the server's nonces where
 * it demands them.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { tokenExchangeGrant, webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { leadsTo, logInAtPage, redirectUri } from "../oauth/browser-client.ts";
import { startTlsServer, type TlsServer } from "./tls-server.ts";

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";
const client: oauth.Client = { client_id: "vouch" };

describe.each(["optional", "required"])("with nonces that are %s", (use) => {
  let server: TlsServer;
  /** Status and `error` of each answer, in turn. */
  let answers: string[];
  beforeAll(async () => {
    server = await startTlsServer("--dpop-nonce", use, "--browser-login", "on");
  });
  afterAll(() => server.stop());

  /** fetch with the server's certificate authority; each answer is taken down. */
  async function fetchHere(url: string, options: object): Promise<Response> {
    const response = await fetch(url, { ...options, tls: { ca: server.ca } });
    const { error } = response.ok ? {} : ((await response.clone().json()) as { error?: unknown });
    answers.push(typeof error === "string" ? `${response.status} ${error}` : `${response.status}`);
    return response;
  }

  const keys = () => createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`), { [customFetch]: fetchHere });

  test("openid-client discovers, logs in, exchanges, lists, and revokes", async () => {
    answers = [];
    const config = await openid.discovery(new URL(server.url), "vouch", undefined, openid.None(), {
      [openid.customFetch]: fetchHere,
    });
    expect(config.serverMetadata().issuer).toBe(server.url);
    const key = await server.enroll("openid@example.com");
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair("ES256"));

    answers = [];
    const login = await server.loginParameters(key);
    const session = await openid.genericGrantRequest(config, webauthnGrant, login, { DPoP });
    expect(session).toMatchObject({ token_type: "dpop", expires_in: 28_800, user: "openid@example.com" });
    const exchange = { subject_token: session.access_token, subject_token_type: accessTokenType };
    const exchanged = await openid.genericGrantRequest(config, tokenExchangeGrant, exchange, { DPoP });
    expect(exchanged).toMatchObject({ issued_token_type: idTokenType, token_type: "n_a", expires_in: 300 });
    const { payload } = await jwtVerify(exchanged.access_token, keys(), { issuer: server.url });
    expect(payload).toMatchObject({ aud: "sts.amazonaws.com", email: "openid@example.com" });

    const url = new URL(`${server.url}/v1/sessions`);
    const ask = () =>
      openid.fetchProtectedResource(config, session.access_token, url, "GET", null, undefined, { DPoP });
    const listed = (await (await ask()).json()) as { sessions: object[] };
    expect(listed.sessions).toMatchObject([{ thisSession: true }]);
    await openid.tokenRevocation(config, session.access_token);
    // Exchange, key set, list, revocation; with a nonce that is demanded the login is refused once, and nothing else.
    expect(answers).toEqual([...(use === "required" ? ["400 use_dpop_nonce"] : []), "200", "200", "200", "200", "200"]);
    const refused: unknown = await ask().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
    expect(refused).toMatchObject({ status: 401, cause: [{ scheme: "dpop", parameters: { error: "invalid_token" } }] });
  });

  test("openid-client logs in in a browser, with PKCE, DPoP and the issuer", async () => {
    answers = [];
    const config = await openid.discovery(new URL(server.url), "vouch", undefined, openid.None(), {
      [openid.customFetch]: fetchHere,
    });
    const key = await server.enroll("openid-browser@example.com");
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair("ES256"));
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const parameters = {
      redirect_uri: redirectUri,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
    };
    const asked = await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    const callback = leadsTo(await logInAtPage(server, key, asked.href))!;
    const checks = { pkceCodeVerifier, expectedState };
    const session = await openid.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
    expect(session).toMatchObject({ token_type: "dpop", user: "openid-browser@example.com" });
    const again: unknown = await openid
      .authorizationCodeGrant(config, callback, checks, undefined, { DPoP })
      .catch((error: unknown) => error);
    expect(again).toMatchObject({ error: "invalid_grant" });
  });

  test("oauth4webapi logs in in a browser, and refuses the answer of another issuer", async () => {
    answers = [];
    const options = { [oauth.customFetch]: fetchHere };
    const issuer = new URL(server.url);
    const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options });
    const metadata = await oauth.processDiscoveryResponse(issuer, found);
    const key = await server.enroll("oauth-browser@example.com");
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const request = {
      response_type: "code",
      redirect_uri: redirectUri,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
    };
    const push = async () =>
      oauth.processPushedAuthorizationResponse(
        metadata,
        client,
        await oauth.pushedAuthorizationRequest(metadata, client, oauth.None(), request, { DPoP, ...options }),
      );
    const pushed = await push().catch(async (error: unknown) => {
      expect([use, oauth.isDPoPNonceError(error)]).toEqual(["required", true]);
      return push();
    });
    const asked = new URL(metadata.authorization_endpoint!);
    asked.search = new URLSearchParams({ client_id: "vouch", request_uri: pushed.request_uri }).toString();
    const callback = leadsTo(await logInAtPage(server, key, asked.href))!;
    const forged = new URL(callback);
    forged.searchParams.set("iss", "https://evil.example");
    expect(() => oauth.validateAuthResponse(metadata, client, forged, state)).toThrow();
    const parameters = oauth.validateAuthResponse(metadata, client, callback, state);
    const redeem = async () =>
      oauth.processAuthorizationCodeResponse(
        metadata,
        client,
        await oauth.authorizationCodeGrantRequest(metadata, client, oauth.None(), parameters, redirectUri, verifier, {
          DPoP,
          ...options,
        }),
      );
    const session = await redeem().catch(async (error: unknown) => {
      expect([use, oauth.isDPoPNonceError(error)]).toEqual(["required", true]);
      return redeem();
    });
    expect(session).toMatchObject({ token_type: "dpop", user: "oauth-browser@example.com" });
  });

  test.each(["oidc", "oauth2"] as const)(
    "oauth4webapi discovers by %s, logs in, exchanges, and revokes",
    async (algorithm) => {
      answers = [];
      const options = { [oauth.customFetch]: fetchHere };
      const issuer = new URL(server.url);
      const found = await oauth.discoveryRequest(issuer, { algorithm, ...options });
      const metadata = await oauth.processDiscoveryResponse(issuer, found);
      const key = await server.enroll(`${algorithm}@example.com`);
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

      const post = async (grant: string, parameters: Record<string, string>) =>
        oauth.genericTokenEndpointRequest(metadata, client, oauth.None(), grant, parameters, { DPoP, ...options });
      const read = async (response: Response) =>
        oauth.processGenericTokenEndpointResponse(metadata, client, response, {
          recognizedTokenTypes: { n_a: () => undefined },
        });
      const login = await server.loginParameters(key);
      let granted = await post(webauthnGrant, login);
      const session = await read(granted).catch(async (error: unknown) => {
        expect(use).toBe("required");
        expect(oauth.isDPoPNonceError(error)).toBe(true);
        granted = await post(webauthnGrant, login);
        return read(granted);
      });
      const { access_token } = session;
      const exchanged = await read(
        await post(tokenExchangeGrant, { subject_token: access_token, subject_token_type: accessTokenType }),
      );
      expect(exchanged).toMatchObject({ issued_token_type: idTokenType, token_type: "n_a" });
      const { protectedHeader } = await jwtVerify(exchanged.access_token, keys(), { audience: "sts.amazonaws.com" });
      expect(protectedHeader.alg).toBe("ES256");

      const url = new URL(`${server.url}/v1/credentials`);
      const listed = await oauth.protectedResourceRequest(access_token, "GET", url, undefined, undefined, {
        DPoP,
        ...options,
      });
      expect(await listed.json()).toMatchObject({ credentials: [{ id: key.id, thisSession: true }] });
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(metadata, client, oauth.None(), access_token, options),
      );
      const after = await post(tokenExchangeGrant, {
        subject_token: access_token,
        subject_token_type: accessTokenType,
      });
      expect(await read(after).catch((error: unknown) => error)).toMatchObject({ error: "invalid_grant" });
      expect(answers.filter((answer) => answer.startsWith("4"))).toEqual([
        ...(use === "required" ? ["400 use_dpop_nonce"] : []),
        "400 invalid_grant",
      ]);
    },
  );
});
