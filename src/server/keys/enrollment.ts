/** Enrols a security key with an invite's one-time code. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { addKey, checkNameIsFree, expectRoom, KeyName } from "./added-key.ts";
import { readJson } from "../http/body.ts";
import type { Caller, Handler } from "../context.ts";
import { normalizeEnrollmentCode } from "./enrollment-code.ts";
import { randomToken, sha256 } from "../random.ts";
import { ceremonySeconds } from "../webauthn/relying-party.ts";
import type { Invite } from "../store/people/accounts.ts";
import type { Transaction } from "../store/store.ts";
import { RegistrationResponseSchema } from "../webauthn/webauthn-json.ts";

const Code = v.pipe(v.string(), v.maxCodePoints(64), v.transform(normalizeEnrollmentCode));
const OptionsRequest = v.strictObject({ code: Code, name: v.exactOptional(KeyName) });
const EnrollRequest = v.strictObject({
  ceremony: v.pipe(v.string(), v.maxCodePoints(64)),
  code: Code,
  credential: RegistrationResponseSchema,
  name: v.exactOptional(KeyName),
  product: v.exactOptional(KeyName),
});

/** POST /v1/enroll/options: begins a registration. The code stays valid. */
export const enrollOptions: Handler = async (request, context) => {
  const { code, name } = await readJson(request, OptionsRequest);
  const codeHash = sha256(code);
  const { user } = await openInvite(context.store, codeHash, context.now(), context.caller);
  await checkNameIsFree(context.store, user.id, name);
  const enrolled = await context.store.credentials.ofUser(user.id);
  expectRoom(enrolled);
  const options = await context.relyingParty.creationOptions(user, enrolled);
  const ceremony = randomToken();
  await context.store.ceremonies.add({
    id: ceremony,
    type: "registration",
    challenge: options.challenge,
    codeHash,
    expiresAt: context.now() + ceremonySeconds,
  });
  return { response: Response.json({ ceremony, options }), user: user.id };
};

/** POST /v1/enroll: finishes the registration and consumes the code. */
export const enroll: Handler = async (request, context) => {
  const { ceremony: id, code, credential: response, name, product } = await readJson(request, EnrollRequest);
  const now = context.now();
  const codeHash = sha256(code);
  const ceremony = await context.store.ceremonies.take(id, "registration");
  if (!ceremony || ceremony.expiresAt <= now || ceremony.codeHash !== codeHash) {
    throw new VouchError("enrollment_denied", "The enrolment took longer than five minutes or was finished before.", {
      hint: "Run `vouch enroll` again.",
    });
  }
  const { user } = await openInvite(context.store, codeHash, now, context.caller);
  const { verified } = await context.relyingParty.verifyRegistration(response, {
    challenge: ceremony.challenge,
    deed: { purpose: "enroll" },
    user,
    product,
    now,
  });
  // Atomic: consume the code and add the key, or neither; the code may have been used or expired since the first check.
  const added = await context.store.transaction(async (tables) => {
    await openInvite(tables, codeHash, context.now(), context.caller);
    if (!(await tables.accounts.claimInvite(codeHash, user.id, context.now()))) throw usedCode();
    const key = await addKey(tables, verified, name);
    await tables.record({
      event: "enrol",
      user,
      credential: key.id,
      address: context.caller.address,
      detail: { name: key.name, aaguid: key.aaguid, proof: key.proof?.by ?? null },
    });
    return key;
  });
  const answer = { user: user.email, credentialId: added.id, name: added.name };
  return { response: Response.json(answer), user: user.id };
};

/**
 * Returns the code's invite. The errors "used" and "expired" need an issued code; a guessed one is only "not known".
 */
async function openInvite({ accounts }: Transaction, codeHash: string, now: number, caller: Caller): Promise<Invite> {
  const invite = await accounts.findInvite(codeHash);
  if (!invite) {
    throw new VouchError("enrollment_denied", "The enrolment code is not known.", {
      hint: "Check the code for typing mistakes, or ask your administrator for a new one (`vouch server invite EMAIL`).",
    });
  }
  caller.user = invite.user;
  if (invite.usedAt !== undefined) throw usedCode();
  if (invite.user.disabled) {
    throw new VouchError("enrollment_denied", "The administrator has disabled this account.", {
      hint: "Ask your administrator (`vouch server enable EMAIL`).",
    });
  }
  if (invite.expiresAt <= now) {
    throw new VouchError("enrollment_denied", "The enrolment code has expired: it is good for 24 hours.", {
      hint: "Ask your administrator for a new one (`vouch server invite EMAIL`).",
    });
  }
  // Only an open code proves the person: a used or expired one may be in anyone's hands.
  const tooMany = caller.count("person", invite.user.id);
  if (tooMany) throw tooMany;
  return invite;
}

function usedCode(): VouchError {
  return new VouchError("enrollment_denied", "The enrolment code has been used: it is good for one security key.", {
    hint: "Ask your administrator for a new one (`vouch server invite EMAIL`).",
  });
}
