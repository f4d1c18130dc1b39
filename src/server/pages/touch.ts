/**
 * A touch for exactly one change: the page's script asks here for the options of the form that is about to be sent, the
 * key signs a challenge made of the form's action and fields, and the form brings the answer. Nothing is kept but the
 * ceremony: another form, another value, another session or a second use is refused.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { type Deed, signedChallenge } from "../../fido/webauthn/deed.ts";
import type { Subjects } from "../administration/change.ts";
import type { Handler, ServerContext } from "../context.ts";
import { HttpError } from "../http/failure.ts";
import { type Approved, beginApproval, pageChange, takeApproval, verifyApproval } from "../keys/approval.ts";
import { approversOf } from "../keys/marked-keys.ts";
import { randomToken } from "../random.ts";
import { AuthenticationResponseSchema } from "../webauthn/webauthn-json.ts";
import { readPageForm } from "./forms.ts";
import { touchedForms } from "./touched-forms.ts";
import type { SignedIn } from "./session.ts";

export const CeremonyId = v.pipe(v.string(), v.maxCodePoints(64));

/** A response of a security key, as JSON text in a field. */
export function jsonField<Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(v.string(), v.parseJson(undefined, "expected JSON"), schema);
}

/** Fields that the script adds once the key has been touched. */
const Touch = v.object({ ceremony: CeremonyId, approval: jsonField(AuthenticationResponseSchema) });

/** A form that a key of the session's user was touched for. */
export interface TouchedForm<Form> {
  session: SignedIn;
  form: Form;
  /** To be recorded in the transaction of the change (`recordApproval`). */
  approved: Approved;
}

/**
 * POST /touch: begins the ceremony for a form, given as its fields and its `action`. What the form's own check refuses
 * costs no touch.
 */
export const beginTouch: Handler = async (request, context) => {
  const Action = v.looseObject({ action: v.pipe(v.string(), v.maxCodePoints(128)) });
  const { session, fields, form } = await readPageForm(request, context, Action);
  const touched = Object.hasOwn(touchedForms, form.action) ? touchedForms[form.action] : undefined;
  if (touched === undefined) throw new HttpError(404, "There is no such form.");
  const { action, ...own } = fields as Record<string, string> & { action: string };
  const check = await touched();
  const about = await check(session, own, context);
  const content = contentOf(action, own);
  const enrolled = await context.store.credentials.ofUser(session.user.id);
  if (enrolled.length === 0) throw noKey();
  const approvers = about === undefined ? enrolled : approversOf(enrolled, context);
  const begun = await beginApproval(context, pageChange(session, content, about), randomToken(), approvers);
  const challenge = signedChallenge(begun.approval.challenge, deedOf(content));
  const answer = { ceremony: begun.ceremony, options: { ...begun.approval, challenge } };
  return { response: Response.json(answer), user: session.user.id };
};

/**
 * Reads a form of the request's session that a key was touched for, and verifies that touch: any enrolled key of the user,
 * for this action and these fields, and about whom `aboutOf` finds. Throws as it does, `readPageForm`, `takeApproval`, `verifyApproval`.
 */
export async function readTouchedForm<Schema extends v.GenericSchema>(
  request: Request,
  context: ServerContext,
  schema: Schema,
  aboutOf?: (form: v.InferOutput<Schema>) => Promise<Subjects>,
): Promise<TouchedForm<v.InferOutput<Schema>>> {
  const { session, fields, form } = await readPageForm(request, context, schema);
  const touch = v.safeParse(Touch, fields, { abortEarly: true });
  if (!touch.success) {
    throw new VouchError("login_denied", "This change wants a touch of one of your security keys, and came without.", {
      hint: "Let the browser run the script of this page: it asks the key.",
    });
  }
  const { ceremony: id, approval } = touch.output;
  const { ceremony: _id, approval: _answer, ...own } = fields;
  const content = contentOf(URL.parse(request.url, context.url)?.pathname ?? "/", own);
  const challenge = await takeApproval(context, pageChange(session, content), id);
  const change = pageChange(session, content, await aboutOf?.(form));
  const approved = await verifyApproval(context, change, { challenge, approval, deed: deedOf(content) });
  return { session, form, approved };
}

/**
 * The form's action, then names and values of its fields in the order of their names. A browser ends the lines of a form
 * that it sends with CRLF, and those that its script reads with LF (HTML, 4.10.22.8).
 */
function contentOf(action: string, fields: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(fields).toSorted();
  return [action, ...names.flatMap((name) => [name, (fields[name] ?? "").replaceAll("\r\n", "\n")])];
}

function deedOf(content: string[]): Deed {
  return { purpose: "page-change", about: content };
}

function noKey(): VouchError {
  return new VouchError("login_denied", "You have no security key that could allow this.", {
    hint: "Enrol one: `vouch enroll`, with a code of your administrator.",
  });
}
