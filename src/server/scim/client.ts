/** Who sends a request of SCIM: a client with a bearer token (RFC 6750), of which the database has the SHA-256. */
import type { ScimClient } from "../administration/actor.ts";
import type { Handler, HandlerResult, ServerContext } from "../context.ts";
import { ScimError } from "../http/failure.ts";
import { sha256 } from "../random.ts";
import type { Recording } from "../store/store.ts";

/** What a handler of SCIM gets. */
export interface ScimRequest {
  request: Request;
  context: ServerContext;
  client: ScimClient;
  /** The last segment of the path. */
  id: string;
  /** Runs in a transaction in which the token is still good. Throws ScimError (401). */
  change: <Result>(work: (tables: Recording, now: number) => Promise<Result>) => Promise<Result>;
}

/** Returns a handler for clients with a token. Others get ScimError (401). */
export function scim(answer: (asked: ScimRequest) => Promise<Response>): Handler {
  return async (request, context): Promise<HandlerResult> => {
    const { store, caller } = context;
    const token = /^Bearer +([\w.~+/-]{1,256}=*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw notKnown();
    const hash = sha256(token);
    const known = await store.scimTokens.find(hash);
    if (known === undefined) throw notKnown();
    caller.scim = known.name;
    await store.scimTokens.used(hash, known, context.now());
    const client = { scim: known.name, address: caller.address };
    const path = URL.parse(request.url)?.pathname ?? "/";
    const response = await answer({
      request,
      context,
      client,
      id: path.slice(path.lastIndexOf("/") + 1),
      change: async (work) =>
        await store.transaction(async (tables) => {
          if ((await tables.scimTokens.find(hash)) === undefined) throw notKnown();
          return await work(tables, context.now());
        }),
    });
    return { response };
  };
}

function notKnown(): ScimError {
  return new ScimError(
    401,
    "Expected a token of SCIM in the Authorization header, of the scheme Bearer: `vouch server scim add NAME` makes one.",
  );
}
