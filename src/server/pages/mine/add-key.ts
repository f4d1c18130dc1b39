/**
 * Adding a security key at the page: the new key registers, then an enrolled one is touched for exactly that registration.
 * Until the last step nothing is kept but the ceremony, which belongs to this session.
 */
import * as v from "valibot";
import { VouchError } from "../../../base/errors.ts";
import { approveAdd, signedChallenge } from "../../../fido/webauthn/deed.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { checkNameIsFree, expectRoom, KeyName } from "../../keys/added-key.ts";
import { addition, approvalRequest, beginApproval, takeApproval, verifyApproval } from "../../keys/approval.ts";
import { addOwnKey } from "../../keys/changes.ts";
import type { User } from "../../store/people/user.ts";
import { AuthenticationResponseSchema, RegistrationResponseSchema } from "../../webauthn/webauthn-json.ts";
import { kindOf, transportsOf } from "../../webauthn/built-in-key.ts";
import { redirect } from "../answer.ts";
import { readPageForm } from "../forms.ts";
import { stillSignedIn } from "../session.ts";
import { CeremonyId, jsonField } from "../touch.ts";

const deed = { purpose: "add-key" } as const;
const Begin = v.object({ name: v.optional(KeyName) });
const Registered = v.object({
  ...Begin.entries,
  ceremony: CeremonyId,
  credential: jsonField(RegistrationResponseSchema),
});
const Approved = v.object({ ...Registered.entries, approval: jsonField(AuthenticationResponseSchema) });

/** POST /keys/add/options: the options that the new key registers with. */
export const addKeyOptions: Handler = async (request, context) => {
  const { session, form } = await readPageForm(request, context, Begin);
  const { user } = session;
  await checkNameIsFree(context.store, user.id, form.name);
  const enrolled = await context.store.credentials.ofUser(user.id);
  expectRoom(enrolled);
  if (enrolled.length === 0) throw firstKey();
  const options = await context.relyingParty.creationOptions(user, enrolled, context.browserLogin !== undefined);
  const { ceremony } = await beginApproval(context, addition(session, form.name), options.challenge, enrolled);
  const signed = { ...options, challenge: signedChallenge(options.challenge, deed) };
  return { response: Response.json({ ceremony, options: signed }), user: user.id };
};

/** POST /keys/add/approval: the options for a touch of an enrolled key that approves this registration and no other. */
export const addKeyApproval: Handler = async (request, context) => {
  const { session, form } = await readPageForm(request, context, Registered);
  const { user } = session;
  const change = addition(session, form.name, saidOf(form.credential));
  const ceremony = await context.store.ceremonies.find(form.ceremony, "addition");
  if (ceremony?.userId !== user.id) throw late();
  const { attested } = await register(context, form, ceremony.challenge, user);
  const enrolled = await context.store.credentials.ofUser(user.id);
  const asked = await approvalRequest(context, change, ceremony.challenge, enrolled);
  const challenge = signedChallenge(asked.challenge, approveAdd(attested, form.name, undefined));
  return { response: Response.json({ options: { ...asked, challenge } }), user: user.id };
};

/** POST /keys/add: verifies both, and adds the key. */
export const addKeyFinish: Handler = async (request, context) => {
  const { session, form } = await readPageForm(request, context, Approved);
  const { user } = session;
  const change = addition(session, form.name, saidOf(form.credential));
  const challenge = await takeApproval(context, change, form.ceremony);
  const { verified, attested } = await register(context, form, challenge, user);
  const approval = { challenge, approval: form.approval, deed: approveAdd(attested, form.name, undefined) };
  const approved = await verifyApproval(context, change, approval);
  await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillSignedIn(tables, session, now);
    const changing = { user, address: context.caller.address, approved, now };
    await addOwnKey(tables, changing, verified, form.name);
  });
  return { response: redirect("mine", "key-added"), user: user.id };
};

/** What the browser says of the new key's kind: the approval is for a key of this kind. */
function saidOf(credential: v.InferOutput<typeof RegistrationResponseSchema>): string[] {
  return [kindOf(credential), ...transportsOf(credential)];
}

async function register(
  { relyingParty, now, browserLogin }: ServerContext,
  { credential }: v.InferOutput<typeof Registered>,
  challenge: string,
  user: User,
) {
  return await relyingParty.verifyRegistration(credential, {
    challenge,
    deed,
    user,
    product: undefined,
    now: now(),
    allowsBuiltIn: browserLogin !== undefined,
  });
}

function late(): VouchError {
  return new VouchError("enrollment_denied", "The addition took longer than five minutes or was finished before.", {
    hint: "Begin again.",
  });
}

/** The enrolment code stays the only thing that enrols a first key. */
function firstKey(): VouchError {
  return new VouchError("enrollment_denied", "You have no security key that could approve another.", {
    hint: "Enrol the first with a code of your administrator: `vouch enroll`.",
  });
}
