/** Forms of the pages: each is sent by a page of this server and has the token of its session (CSRF). */
import { timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import { readForm } from "../http/body.ts";
import { HttpError, OAuthError } from "../http/failure.ts";
import { parseFields } from "./fields.ts";
import { signedIn, type SignedIn } from "./session.ts";

/** Name of the field with the form's token. */
export const tokenField = "form_token";

type Fields = Readonly<Record<string, string>>;

/**
 * Refuses what another site's page sends: by `Sec-Fetch-Site`, by `Origin`, and what has neither, which every browser
 * sends with a POST. Throws HttpError (403).
 */
function expectSameOrigin({ headers }: Request, url: string): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isForeign = (site !== null && site !== "same-origin") || (origin !== null && origin !== url);
  if (!isForeign && (site !== null || origin !== null)) return;
  throw new HttpError(403, "The form was not sent by a page of this server.");
}

/** Reads a form without a session. Throws HttpError (403, 408, 413, 415), `protocol_error`. */
export async function readOpenForm<Schema extends v.GenericSchema>(
  request: Request,
  { url }: ServerContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  expectSameOrigin(request, url);
  const fields = await readForm(request, v.record(v.string(), v.string())).catch((error: unknown) => {
    throw error instanceof OAuthError ? new VouchError("protocol_error", error.message) : error;
  });
  return parseFields(schema, fields);
}

/**
 * Reads a form of the request's session, by the schema of its own fields. `fields` are all of them but the token, as they
 * came. Throws as `readOpenForm` and `signedIn`, and HttpError (403).
 */
export async function readPageForm<Schema extends v.GenericSchema>(
  request: Request,
  context: ServerContext,
  schema: Schema,
): Promise<{ session: SignedIn; fields: Fields; form: v.InferOutput<Schema> }> {
  expectSameOrigin(request, context.url);
  const session = await signedIn(request, context);
  const all = await readOpenForm(request, context, v.record(v.string(), v.string()));
  const { [tokenField]: token = "", ...fields } = all;
  if (!isSame(token, session.formToken)) {
    throw new HttpError(403, "The form is not one of this session: reload the page, and send it again.");
  }
  return { session, fields, form: parseFields(schema, fields) };
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
