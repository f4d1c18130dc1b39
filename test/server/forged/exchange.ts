/** The token endpoint and revocation: parameters (RFC 6749, RFC 8693, RFC 7009) and the form that carries them. */
import { sha256 } from "../../../src/server/random.ts";
import { answered, exchangeParameters, type Forged, proofOf, type Stage } from "./stage.ts";

type Changed = Record<string, string | string[] | undefined>;

async function send(
  stage: Stage,
  body: NonNullable<RequestInit["body"]> | undefined,
  headers: Record<string, string> = {},
) {
  const dpop = await proofOf(stage, { claims: { ath: sha256(stage.session.accessToken) } });
  return stage.server.send("/oauth/token", {
    method: "POST",
    headers: { dpop, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** An exchange with parameters replaced, or removed if undefined. */
const exchange = (changed: Changed) => async (stage: Stage) => {
  const all: Changed = { ...exchangeParameters(stage.session.accessToken), ...changed };
  const entries = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one]),
  );
  return send(stage, new URLSearchParams(entries));
};
const form = { "content-type": "application/x-www-form-urlencoded" };
/** A body as it stands. */
const body =
  (text: NonNullable<RequestInit["body"]> | undefined, headers: Record<string, string> = form) =>
  async (stage: Stage) =>
    send(stage, text, headers);
const usual = (stage: Stage) => new URLSearchParams(exchangeParameters(stage.session.accessToken)).toString();
const revoke = (parameters: Record<string, string | string[]>, headers?: Record<string, string>) => (stage: Stage) =>
  stage.server.form("/oauth/revoke", parameters, headers);
const jwt = "urn:ietf:params:oauth:token-type:jwt";

async function idToken(stage: Stage) {
  const { body: granted } = await stage.server.exchange(stage.session.accessToken, stage.session.dpop);
  return exchange({ subject_token: granted.access_token.slice(0, 250) })(stage);
}

async function revoked(stage: Stage) {
  const session = await stage.server.session();
  await stage.server.form("/oauth/revoke", { token: session.accessToken });
  return exchange({ subject_token: session.accessToken })({ ...stage, session });
}

async function ofAnother(stage: Stage) {
  const { accessToken } = await stage.server.session();
  return stage.server.form("/oauth/token", exchangeParameters(accessToken), { dpop: await proofOf(stage) });
}

const client = "?response_type=id_token&client_id=x&redirect_uri=https%3A%2F%2Fevil.example";

export const exchanges: Forged[] = [
  ...answered(400, "invalid_request", [
    ["no grant_type", exchange({ grant_type: undefined }), "grant_type is missing"],
    ["an empty grant_type", exchange({ grant_type: "" }), "grant_type is missing"],
    ["grant_type twice", exchange({ grant_type: [jwt, jwt] }), 'The parameter "grant_type" stands more than once'],
    ["no subject_token", exchange({ subject_token: undefined }), "subject_token is missing"],
    ["an empty subject_token", exchange({ subject_token: "" }), "subject_token is missing"],
    [
      "subject_token twice",
      exchange({ subject_token: ["x", "x"] }),
      'The parameter "subject_token" stands more than once',
    ],
    [
      "subject_token with an empty one beside it",
      exchange({ subject_token: ["x", ""] }),
      'The parameter "subject_token" stands more than once',
    ],
    ["a subject_token of 257 letters", exchange({ subject_token: "x".repeat(257) }), "subject_token is too long"],
    ["no subject_token_type", exchange({ subject_token_type: undefined }), "subject_token_type is missing"],
    ["an empty subject_token_type", exchange({ subject_token_type: "" }), "subject_token_type is missing"],
    [
      "subject_token_type twice",
      exchange({ subject_token_type: [jwt, jwt] }),
      'The parameter "subject_token_type" stands more than once',
    ],
    [
      "a JWT by its subject_token_type",
      exchange({ subject_token_type: jwt }),
      'subject_token_type expected "urn:ietf:params:oauth:token-type:access_token"',
    ],
    [
      "an ID token by its subject_token_type",
      exchange({ subject_token_type: "urn:ietf:params:oauth:token-type:id_token" }),
      'subject_token_type expected "urn:ietf:params:oauth:token-type:access_token"',
    ],
    [
      "a JWT asked for",
      exchange({ requested_token_type: jwt }),
      'requested_token_type expected "urn:ietf:params:oauth:token-type:id_token"',
    ],
    [
      "an access token asked for",
      exchange({ requested_token_type: "urn:ietf:params:oauth:token-type:access_token" }),
      'requested_token_type expected "urn:ietf:params:oauth:token-type:id_token"',
    ],
    [
      "requested_token_type twice",
      exchange({ requested_token_type: [jwt, jwt] }),
      'The parameter "requested_token_type" stands more than once',
    ],
    ["nine audiences", exchange({ audience: Array.from("123456789") }), "audience is too long"],
    ["an audience of 256 letters", exchange({ audience: "x".repeat(256) }), "audience.0 is too long"],
    ["an actor", exchange({ actor_token: "x", actor_token_type: jwt }), "actor_token has no place here"],
    ["an actor without its type", exchange({ actor_token: "x" }), "actor_token has no place here"],
    ["the type of an actor alone", exchange({ actor_token_type: jwt }), "actor_token_type has no place here"],
    ["an unknown parameter twice", exchange({ unknown: ["1", "2"] }), 'The parameter "unknown" stands more than once'],
    ["no body", body(undefined), "grant_type is missing"],
    ["an empty body", body(""), "grant_type is missing"],
    ["a body of ampersands", body("&&&"), "grant_type is missing"],
    ["a body of one percent sign", body("%"), "grant_type is missing"],
    ["a body that is no UTF-8", body(new Uint8Array([0xff, 0xfe, 0x3d, 0x31])), "Expected UTF-8, got other bytes"],
    ["ten thousand parameters", body("a=1&".repeat(10_000)), 'The parameter "a" stands more than once'],
    [
      "more parameters than a form has, each with a name of its own",
      exchange(Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`p${index}`, "1"]))),
      "Expected at most 64 parameters, got more",
    ],
    ["JSON as a form", body('{"grant_type":"x"}'), "grant_type is missing"],
    [
      "a login without a ceremony",
      exchange({ grant_type: "urn:vouch:params:oauth:grant-type:webauthn", credential: "{}" }),
      "ceremony is missing",
    ],
    [
      "a login without a credential",
      exchange({ grant_type: "urn:vouch:params:oauth:grant-type:webauthn", ceremony: "x" }),
      "credential is missing",
    ],
    ["revocation of an empty token", revoke({ token: "" }), "token is missing"],
    ["revocation of two tokens", revoke({ token: ["x", "x"] }), 'The parameter "token" stands more than once'],
    ["revocation of a token of 257 letters", revoke({ token: "x".repeat(257) }), "token is too long"],
    [
      "revocation with a hint of 65 letters",
      revoke({ token: "x", token_type_hint: "x".repeat(65) }),
      "token_type_hint is too long",
    ],
  ]),
  ...answered(400, "unsupported_grant_type", [
    [
      "an unknown grant_type",
      exchange({ grant_type: "unknown" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "client credentials",
      exchange({ grant_type: "client_credentials" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "a password",
      exchange({ grant_type: "password", username: "dev@example.com", password: "x" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "a refresh token",
      exchange({ grant_type: "refresh_token", refresh_token: "x" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "an authorization code",
      exchange({ grant_type: "authorization_code", code: "x" }),
      "This server does not let people log in in a browser.",
    ],
    [
      "a device code",
      exchange({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "x" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "a JWT as a grant",
      exchange({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "x" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "the grant_type in capital letters",
      exchange({ grant_type: "URN:IETF:PARAMS:OAUTH:GRANT-TYPE:TOKEN-EXCHANGE" }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    [
      "the grant_type with a blank behind it",
      exchange({ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange " }),
      "Expected the grant type urn:vouch:params:oauth:grant-type:webauthn or urn:ietf:params:oauth:grant-type:token-exchange",
    ],
  ]),
  ...answered(400, "invalid_dpop_proof", [
    [
      "an unknown subject_token, not that of the proof",
      exchange({ subject_token: "unknown" }),
      "its ath is of another access token",
    ],
    ["an ID token as the subject_token", idToken, "its ath is of another access token"],
  ]),
  ...answered(400, "invalid_grant", [
    ["the token of a session of another key", ofAnother, "The session is not known, or its security key was removed"],
    ["the token of a revoked session", revoked, "The session was revoked"],
  ]),
  ...answered(400, "invalid_target", [
    [
      "another audience",
      exchange({ audience: "https://evil.example" }),
      "This server issues ID tokens for the audience sts.amazonaws.com, not for another",
    ],
    [
      "the audience in capital letters",
      exchange({ audience: "STS.AMAZONAWS.COM" }),
      "This server issues ID tokens for the audience sts.amazonaws.com, not for another",
    ],
    [
      "the audience with a blank behind it",
      exchange({ audience: "sts.amazonaws.com " }),
      "This server issues ID tokens for the audience sts.amazonaws.com, not for another",
    ],
    [
      "an audience beside another",
      exchange({ audience: ["sts.amazonaws.com", "x"] }),
      "An ID token is for one audience, not for several",
    ],
    [
      "another resource",
      exchange({ resource: "https://evil.example" }),
      "This server issues ID tokens for the audience sts.amazonaws.com, not for another",
    ],
    [
      "another resource beside the audience",
      exchange({ audience: "sts.amazonaws.com", resource: "https://evil.example" }),
      "An ID token is for one audience, not for several",
    ],
  ]),
  ...answered(413, "invalid_request", [
    ["a body of 65,537 bytes", body("x".repeat(65_537)), "The body is larger than 65536 bytes"],
  ]),
  ...answered(415, "invalid_request", [
    [
      "JSON",
      body("{}", { "content-type": "application/json" }),
      'Expected content-type application/x-www-form-urlencoded, got "application/json"',
    ],
    [
      "no content type",
      (stage) => send(stage, new TextEncoder().encode(usual(stage))),
      "Expected content-type application/x-www-form-urlencoded, got none",
    ],
    [
      "text as the content type",
      (stage) => send(stage, usual(stage), { "content-type": "text/plain" }),
      'Expected content-type application/x-www-form-urlencoded, got "text/plain"',
    ],
    [
      "a multipart form",
      (stage) => send(stage, usual(stage), { "content-type": "multipart/form-data; boundary=x" }),
      'Expected content-type application/x-www-form-urlencoded, got "multipart/form-data"',
    ],
    [
      "a content type that begins alike",
      (stage) => send(stage, usual(stage), { "content-type": `${form["content-type"]}x` }),
      'Expected content-type application/x-www-form-urlencoded, got "application/x-www-form-urlencodedx"',
    ],
    ["revocation without a form", revoke({}), "Expected content-type application/x-www-form-urlencoded, got none"],
    [
      "revocation by JSON",
      (stage) => stage.server.post("/oauth/revoke", { token: "x" }),
      'Expected content-type application/x-www-form-urlencoded, got "application/json"',
    ],
  ]),
  ...answered(405, "invalid_request", [
    [
      "an authorization by POST",
      (stage) => stage.server.form("/oauth/authorize", { client_id: "x" }),
      "Expected GET, HEAD, got POST",
    ],
  ]),
  ...answered(400, "unauthorized_client", [
    ["an authorization", (stage) => stage.server.send(`/oauth/authorize${client}`), "No client is registered"],
  ]),
];
