/** Requests under /v1: methods, paths, headers, JSON and its members. */
import { origin } from "../test-server.ts";
import { sha256 } from "../../../src/server/random.ts";
import { answered, type Forged, type Stage } from "./stage.ts";

const json = { "content-type": "application/json" };
const post =
  (path: string, body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = json) =>
  (stage: Stage) =>
    stage.server.send(path, { method: "POST", headers, body });
const login = (body: NonNullable<RequestInit["body"]>, headers?: Record<string, string>) =>
  post("/v1/login/options", body, headers);
const method = (name: string, path: string) => async (stage: Stage) => stage.server.send(path, { method: name });
const enrollOptions = (body: unknown) => (stage: Stage) => stage.server.post("/v1/enroll/options", body);
/** With a right code, so that only the member is wrong. */
const withCode = (member: Record<string, unknown>) => async (stage: Stage) =>
  stage.server.post("/v1/enroll/options", { code: await stage.server.invite(), ...member });

/** A request in the session, with its headers changed, or removed if undefined. */
const inSession =
  (path: string, body: unknown, headers: Record<string, string | undefined> = {}) =>
  async (stage: Stage) => {
    const { accessToken, dpop } = stage.session;
    const verb = body === undefined ? "GET" : "POST";
    const claims = { ath: sha256(accessToken) };
    const proof = await dpop.proof({ method: verb, url: origin + path, now: stage.server.now(), claims });
    const all = { ...json, authorization: `DPoP ${accessToken}`, dpop: proof, ...headers };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const text = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    return stage.server.send(path, { method: verb, headers: Object.fromEntries(sent), ...text });
  };
const authorization = (value: string | undefined) => inSession("/v1/sessions", undefined, { authorization: value });
/** A proof of the session with its claims changed. */
const claims =
  (changed: Record<string, unknown>) =>
  async ({ server, session }: Stage) =>
    server.inSession(session, "GET", "/v1/sessions", undefined, changed);
const own = (value: (token: string) => string) => async (stage: Stage) =>
  authorization(value(stage.session.accessToken))(stage);
const end = (body: unknown) => inSession("/v1/sessions/end", body);
const rename = (body: unknown) => inSession("/v1/credentials/renaming/options", body);
const publish = (body: unknown) => inSession("/v1/publish", body);

export const requests: Forged[] = [
  ...answered(404, "protocol_error", [
    ["an unknown path", method("GET", "/v1"), "There is nothing here"],
    ["a path with a slash behind it", method("GET", "/healthz/"), "There is nothing here"],
    ["a path in capital letters", method("GET", "/HEALTHZ"), "There is nothing here"],
    ["a path of another folder", method("GET", "/v1/../v1/unknown"), "There is nothing here"],
    ["a path with a null byte", method("GET", "/healthz%00"), "There is nothing here"],
    ["a path of four thousand letters", method("GET", `/${"x".repeat(4000)}`), "There is nothing here"],
  ]),
  ...answered(404, "invalid_request", [
    ["an unknown OAuth endpoint", method("GET", "/oauth/introspect"), "There is nothing here"],
  ]),
  ...answered(405, "invalid_request", [
    ["GET of the token endpoint", method("GET", "/oauth/token"), "Expected POST, got GET"],
    ["PUT of the token endpoint", method("PUT", "/oauth/token"), "Expected POST, got PUT"],
  ]),
  ...answered(405, "protocol_error", [
    ["DELETE of the sessions", method("DELETE", "/v1/sessions"), "Expected GET, HEAD, got DELETE"],
    ["POST of the key set", method("POST", "/.well-known/jwks.json"), "Expected GET, HEAD, got POST"],
    ["PATCH of the enrolment", method("PATCH", "/v1/enroll"), "Expected POST, got PATCH"],
  ]),
  ...answered(400, "protocol_error", [
    ["an empty body", login(""), "Expected JSON, got something else"],
    ["half an object", login("{"), "Expected JSON, got something else"],
    ["an object twice", login("{}{}"), "Expected JSON, got something else"],
    ["a comma too many", login("{,}"), "Expected JSON, got something else"],
    ["null", login("null"), "the body expected Object"],
    ["true", login("true"), "the body expected Object"],
    ["a number", login("1"), "the body expected Object"],
    ["text", login('"x"'), "the body expected Object"],
    ["an array", login("[]"), "Expected a JSON object, got an array"],
    ["sixty thousand brackets", login("[".repeat(60_000)), "Expected JSON, got something else"],
    ["a byte order mark in front of text", login("\ufeffx"), "Expected JSON, got something else"],
    ["bytes that are no UTF-8", login(new Uint8Array([0x7b, 0xff, 0x7d])), "Expected UTF-8, got other bytes"],
    ["an unknown member", login('{"extra":1}'), "extra has no place here"],
    ["the member __proto__", login('{"__proto__":{}}'), "__proto__ has no place here"],
    ["no code", enrollOptions({}), "code is missing"],
    ["a code that is a number", enrollOptions({ code: 1 }), "code expected string"],
    ["a code of 65 letters", enrollOptions({ code: "x".repeat(65) }), "code is too long"],
    ["a name that is null", withCode({ name: null }), "name expected string"],
    ["an empty name", withCode({ name: "" }), "name expected 1 to 64 visible characters"],
    ["a name of blanks", withCode({ name: "   " }), "name expected 1 to 64 visible characters"],
    ["a name of 65 letters", withCode({ name: "x".repeat(65) }), "name expected 1 to 64 visible characters"],
    ["a name with a line end", withCode({ name: "a\nb" }), "name expected 1 to 64 visible characters"],
    ["a name with an escape sequence", withCode({ name: "\u001b[31mred" }), "name expected 1 to 64 visible characters"],
    ["a name that reverses the direction", withCode({ name: "a\u202eb" }), "name expected 1 to 64 visible characters"],
    ["a name with half a surrogate", withCode({ name: "a\ud800" }), "name expected 1 to 64 visible characters"],
    ["an end of no session", end({}), 'the body expected either the id of a session, or which: "others" or "all"'],
    [
      "an end of unknown sessions",
      end({ which: "mine" }),
      'the body expected either the id of a session, or which: "others" or "all"',
    ],
    [
      "an end by id and in whole",
      end({ id: "0123456789abcdef", which: "all" }),
      'the body expected either the id of a session, or which: "others" or "all"',
    ],
    ["a name for a key without its id", rename({ name: "x" }), "id is missing"],
    ["a name for a key whose id is no base64url", rename({ id: "!", name: "x" }), "id expected base64url"],
    ["a name for a key whose id is a letter short", rename({ id: "AAAAA", name: "x" }), "id expected base64url"],
    [
      "a removal forced by text",
      inSession("/v1/credentials/removal/options", { id: "AAAA", force: "yes" }),
      "force expected boolean",
    ],
    ["a publication without an approval", publish({ ceremony: "x", holder: "1 1" }), "approval is missing"],
    ["half an object in a session", end("{"), "Expected JSON, got something else"],
  ]),
  ...answered(413, "protocol_error", [
    ["65,537 bytes", login("x".repeat(65_537)), "The body is larger than 65536 bytes"],
    ["a megabyte of blanks", login(" ".repeat(100_000)), "The body is larger than 65536 bytes"],
  ]),
  ...answered(415, "protocol_error", [
    ["no content type", login(new TextEncoder().encode("{}"), {}), "Expected content-type application/json, got none"],
    [
      "a form",
      login("{}", { "content-type": "application/x-www-form-urlencoded" }),
      'Expected content-type application/json, got "application/x-www-form-urlencoded"',
    ],
    [
      "text as the content type",
      login("{}", { "content-type": "text/json" }),
      'Expected content-type application/json, got "text/json"',
    ],
    [
      "a content type of a patch",
      login("{}", { "content-type": "application/merge-patch+json" }),
      'Expected content-type application/json, got "application/merge-patch+json"',
    ],
  ]),
  ...answered(403, "enrollment_denied", [
    ["a code that was made up", enrollOptions({ code: "AAAA-AAAA-AAAA-AAAA" }), "The enrolment code is not known"],
    ["an empty code", enrollOptions({ code: "" }), "The enrolment code is not known"],
  ]),
  ...answered(401, "login_needed", [
    [
      "no Authorization",
      authorization(undefined),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "an empty Authorization",
      authorization(""),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "a scheme without a token",
      authorization("DPoP"),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "the token as a bearer token",
      own((token) => `Bearer ${token}`),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "Basic",
      authorization("Basic eDp5"),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "two tokens",
      own((token) => `DPoP ${token}, DPoP ${token}`),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
    [
      "a token of 300 letters",
      authorization(`DPoP ${"x".repeat(300)}`),
      "Not logged in: expected an access token in the Authorization header, of the scheme DPoP",
    ],
  ]),
  ...answered(401, "access_denied", [
    ["the token with a letter more", own((token) => `DPoP ${token}x`), "its ath is not of this access token"],
    ["no proof", inSession("/v1/sessions", undefined, { dpop: undefined }), "expected a DPoP header, got none"],
    ["a proof without ath", claims({ ath: undefined }), "its ath is not of this access token"],
    ["a proof for another method", claims({ htm: "POST" }), 'expected htm "GET", got "POST"'],
    [
      "a proof for another path",
      claims({ htu: `${origin}/v1/credentials` }),
      'expected htu "https://vouch.example.com/v1/sessions", got "https://vouch.example.com/v1/credentials"',
    ],
    [
      "a proof of a minute too early",
      claims({ iat: 1_700_000_000 }),
      "the clock of this machine is 100000000 seconds behind the server's",
    ],
    [
      "a proof with a nonce that was made up",
      claims({ nonce: "made-up" }),
      "Expected a DPoP proof with the nonce of the DPoP-Nonce header, got one that is unknown or too old",
    ],
  ]),
  ...answered(404, "session_not_found", [
    [
      "an end of a session that is not there",
      end({ id: "0123456789abcdef" }),
      "You have no such session: it may have ended already",
    ],
  ]),
  ...answered(404, "credential_not_found", [
    ["a name for a key that is not there", rename({ id: "AAAA", name: "x" }), "You have no such security key"],
  ]),
];
