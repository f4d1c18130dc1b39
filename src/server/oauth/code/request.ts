/**
 * What the command line asks for when somebody logs in in a browser: an authorization request (RFC 6749, 4.1.1) with PKCE
 * (RFC 7636) and DPoP (RFC 9449, 10), both demanded, by the one public client that there is. The terminal sends it to the
 * server itself (RFC 9126), which so sees where the terminal is; the browser carries its name alone.
 */
import * as v from "valibot";
import { isLegible } from "../../../base/words/legible.ts";
import { printable } from "../../../base/words/printable.ts";
import { VouchError } from "../../../base/errors.ts";
import type { PushedRequest } from "../../store/people/pushed-requests.ts";
import type { Transaction } from "../../store/store.ts";
import { randomToken, sha256 } from "../../random.ts";

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

/** The parameters of a pushed authorization request; what the DPoP proof says need not be said again (RFC 9449, 10.1). */
export const RequestSchema = v.pipe(
  v.object({
    response_type: v.literal("code"),
    client_id: v.literal(clientId),
    redirect_uri: v.optional(RedirectUri),
    state: v.optional(v.pipe(v.string(), v.regex(/^[\w.~-]{16,128}$/, "expected 16 to 128 unreserved characters"))),
    code_challenge: Sha256,
    /** Its default is `plain` (RFC 7636, 4.3), which is refused. */
    code_challenge_method: v.literal("S256"),
    dpop_jkt: v.optional(Sha256),
    client: v.optional(ClientName),
    /** A request cannot lead to another (RFC 9126, 2.1). */
    request_uri: v.optional(v.never()),
  }),
  v.check(
    ({ redirect_uri, state }) => redirect_uri === undefined || state !== undefined,
    "expected state beside redirect_uri",
  ),
);

/** What names a pushed request (RFC 9126, 2.2): 32 random bytes, so that nobody finds another's. */
const uriPrefix = "urn:ietf:params:oauth:request_uri:";
export const RequestUri = v.pipe(
  v.string(),
  v.regex(/^urn:ietf:params:oauth:request_uri:[\w-]{43}$/, "expected a request_uri of this server"),
);

/** Returns a new name of a request. */
export function makeRequestUri(): string {
  return `${uriPrefix}${randomToken()}`;
}

/** A request that is under way, by its name. */
export interface LoginRequest extends PushedRequest {
  uri: string;
}

/**
 * Returns the request of this name and leaves it. One error for what was never pushed, is finished or has expired (no
 * oracle). Throws `protocol_error`.
 */
export async function pendingRequest({ pushedRequests }: Transaction, uri: string, now: number): Promise<LoginRequest> {
  return alive(uri, await pushedRequests.find(sha256(uri)), now);
}

/** As `pendingRequest`, and uses the request up: only one of two concurrent calls gets it. */
export async function takeRequest({ pushedRequests }: Transaction, uri: string, now: number): Promise<LoginRequest> {
  return alive(uri, await pushedRequests.take(sha256(uri)), now);
}

function alive(uri: string, found: PushedRequest | undefined, now: number): LoginRequest {
  if (found !== undefined && found.expiresAt > now) return { ...found, uri };
  throw new VouchError("protocol_error", "This login is finished, has expired, or was never begun.", {
    hint: "Begin again in your terminal: `vouch login --browser`.",
  });
}

/** What the key signs of the request: all of it that decides who gets the session. */
export function signedParts({
  uri,
  redirectUri = "",
  state = "",
  challenge,
  jkt,
  client = "",
}: LoginRequest): string[] {
  return [uri, redirectUri, state, challenge, jkt, client];
}
