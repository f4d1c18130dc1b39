/** Forms of the pages: each is sent by a page of this server and has the token of its session (CSRF). */
import { timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { ServerContext } from "../context.ts";
import { readForm } from "../http/body.ts";
import { HttpError, OAuthError } from "../http/failure.ts";
import { CredentialId } from "../webauthn/webauthn-json.ts";
import { parseFields } from "./fields.ts";
import { findSignedIn, noteSession, type SignedIn, signInNeeded } from "./session.ts";

/** Name of the field with the form's token. */
export const tokenField = "form_token";

type Fields = Readonly<Record<string, string>>;

/**
 * Refuses what another site's page sends: by `Sec-Fetch-Site`, by `Origin`, and what has neither, which every browser
 * sends with a POST. Throws HttpError (403).
 */
async function expectSameOrigin(request: Request, context: ServerContext): Promise<void> {
  const { headers } = request;
  const { url } = context;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isForeign = (site !== null && site !== "same-origin") || (origin !== null && origin !== url);
  if (!isForeign && (site !== null || origin !== null)) return;
  await noteSession(request, context);
  throw new HttpError(403, "The form was not sent by a page of this server.");
}

/** Reads a form without a session. Throws HttpError (403, 408, 413, 415), `protocol_error`. */
export async function readOpenForm<Schema extends v.GenericSchema>(
  request: Request,
  context: ServerContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  await expectSameOrigin(request, context);
  return await readFields(request, schema);
}

async function readFields<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
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
  await expectSameOrigin(request, context);
  const session = await findSignedIn(request, context);
  if (session === undefined) {
    await noteTouch(request, context);
    throw signInNeeded();
  }
  const all = await readFields(request, v.record(v.string(), v.string()));
  const { [tokenField]: token = "", ...fields } = all;
  if (!isSame(token, session.formToken)) {
    throw new HttpError(403, "The form is not one of this session: reload the page, and send it again.");
  }
  return { session, fields, form: parseFields(schema, fields) };
}

const Touched = v.object({ ceremony: v.pipe(v.string(), v.maxCodePoints(64)), approval: v.optional(v.string()) });

/**
 * Notes for the audit log whom a form without a live session is about, if it has a ceremony that a session began which has
 * ended since. The ceremony is taken: a form is recorded once.
 */
async function noteTouch(request: Request, { store, caller }: ServerContext): Promise<void> {
  const form = await readFields(request, Touched).catch(() => undefined);
  if (form === undefined) return;
  const ceremony =
    (await store.ceremonies.take(form.ceremony, "page_change")) ??
    (await store.ceremonies.take(form.ceremony, "addition"));
  const user = ceremony?.userId === undefined ? undefined : await store.accounts.findById(ceremony.userId);
  if (user === undefined) return;
  caller.user = user;
  const answer = v.safeParse(v.object({ id: CredentialId }), parseJson(form.approval ?? ""));
  const found = answer.success ? await store.credentials.find(answer.output.id) : undefined;
  if (found?.user.id === user.id) caller.credential = found.credential.id;
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
