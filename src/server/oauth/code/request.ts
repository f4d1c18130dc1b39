/**
 * What the command line asks for when somebody logs in in a browser: an authorization request (RFC 6749, 4.1.1) with PKCE
 * (RFC 7636) and the thumbprint of a DPoP key (RFC 9449, 10), both demanded, by the one public client that there is.
 */
import * as v from "valibot";
import { isLegible } from "../../../base/words/legible.ts";
import { printable } from "../../../base/words/printable.ts";
import { OAuthError } from "../../http/failure.ts";

/** The only client, which every installation of the command line is: it has no secret. */
export const clientId = "vouch";

/** In characters; a host name has at most 63 (RFC 1123, 2.1). */
const maxClientName = 64;

/** What the client calls its machine: a claim, shown to the user beside the session; empty if nobody could read it. */
export const ClientName = v.pipe(
  v.string(),
  v.maxCodePoints(256),
  v.transform((name) => Array.from(printable(name)).slice(0, maxClientName).join("")),
  v.transform((name) => (isLegible(name) ? name : "")),
);

/** SHA-256 in base64url: a code challenge of S256, and a thumbprint (RFC 7638). */
const Sha256 = v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "expected a SHA-256 in base64url"));

/**
 * A loopback address as a literal (RFC 8252, 7.3), with any port: no name, which this machine's resolver could lead
 * elsewhere, no other path, query, fragment or user.
 */
const RedirectUri = v.pipe(
  v.string(),
  v.regex(
    /^http:\/\/(?:127\.0\.0\.1|\[::1\]):[1-9]\d{0,4}\/callback$/,
    "expected http://127.0.0.1:PORT/callback or http://[::1]:PORT/callback",
  ),
  v.check((uri) => Number(/:(\d+)\/callback$/.exec(uri)?.[1]) < 65_536, "expected a port below 65536"),
);

/** Fields of the request, with the names of its parameters. */
const requestFields = {
  response_type: v.literal("code"),
  client_id: v.literal(clientId),
  redirect_uri: v.optional(RedirectUri),
  /** Opaque to the server; needed where there is a redirection. */
  state: v.optional(v.pipe(v.string(), v.regex(/^[\w.~-]{16,128}$/, "expected 16 to 128 unreserved characters"))),
  code_challenge: Sha256,
  /** Its default is `plain` (RFC 7636, 4.3), which is refused. */
  code_challenge_method: v.literal("S256"),
  dpop_jkt: Sha256,
  client: v.optional(ClientName),
};

const fieldsOnly = v.object(requestFields);

export type LoginRequest = v.InferOutput<typeof fieldsOnly>;

export const RequestSchema = v.pipe(
  fieldsOnly,
  v.check(
    ({ redirect_uri, state }) => redirect_uri === undefined || state !== undefined,
    "expected state beside redirect_uri",
  ),
);

/**
 * Parses the query of an authorization request; a parameter without a value counts as omitted, unknown ones are ignored,
 * none stands twice (RFC 6749, 3.1). Throws OAuthError `invalid_request`.
 */
export function parseLoginRequest(query: URLSearchParams): LoginRequest {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(requestFields)) {
    const [value, ...others] = query.getAll(name);
    if (others.length > 0) throw invalid(`the parameter ${name} stands more than once`);
    if (value !== undefined && value !== "") fields[name] = value;
  }
  const parsed = v.safeParse(RequestSchema, fields, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const place = v.getDotPath(issue) ?? "the query";
    if (issue.received === "undefined") throw invalid(`${place} is missing`);
    const expected = issue.message.startsWith("expected ")
      ? issue.message
      : `expected ${issue.expected ?? "another value"}`;
    throw invalid(`${place}: ${expected}`);
  }
  return parsed.output;
}

/** What the key signs of the request: all of it that decides who gets the session. */
export function signedParts(request: LoginRequest): string[] {
  const { redirect_uri = "", state = "", code_challenge, dpop_jkt, client = "" } = request;
  return [redirect_uri, state, code_challenge, dpop_jkt, client];
}

/** The request as the hidden fields of a form. */
export function asFields(request: LoginRequest): Record<string, string> {
  const entries = Object.entries(request).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(entries);
}

function invalid(reason: string): OAuthError {
  return new OAuthError("invalid_request", `The request of the command line is not as expected: ${reason}.`);
}
