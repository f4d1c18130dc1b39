/** An assertion by any key of this relying party at a page without a session, and what must still hold in its transaction. */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { VouchError } from "../../base/errors.ts";
import { type Deed, signedChallenge } from "../../fido/webauthn/deed.ts";
import type { ServerContext } from "../context.ts";
import { writeProof, type Proof } from "../policy/proof.ts";
import { randomToken } from "../random.ts";
import type { BegunCeremony } from "../store/people/ceremonies.ts";
import type { Transaction } from "../store/store.ts";
import type { User } from "../store/people/user.ts";
import { ceremonySeconds } from "../webauthn/relying-party.ts";

/** Ceremonies whose person is not known before the key answers. */
type Kind = "page_sign_in" | "browser_login";

/** A verified assertion that is not recorded yet. */
export interface Asserted {
  user: User;
  credentialId: string;
  ceremony: BegunCeremony;
  counter: number;
  backedUp: boolean;
  known: Proof | undefined;
  proof: Proof | undefined;
}

/** Begins a ceremony whose challenge is made of the deed. */
export async function beginAssertion(
  { relyingParty, store, now }: ServerContext,
  type: Kind,
  deed: Deed,
): Promise<{ ceremony: string; options: PublicKeyCredentialRequestOptionsJSON }> {
  const { challenge, ...options } = await relyingParty.requestOptions();
  const ceremony = randomToken();
  await store.ceremonies.add({ id: ceremony, type, challenge, expiresAt: now() + ceremonySeconds });
  return { ceremony, options: { ...options, challenge: signedChallenge(challenge, deed) } };
}

/** Takes the ceremony, also for a refused attempt, and verifies. Throws `login_denied`, HttpError (429). */
export async function verifyAsserted(
  { store, relyingParty, caller, now }: ServerContext,
  type: Kind,
  { ceremony: id, response, deed }: { ceremony: string; response: AuthenticationResponseJSON; deed: Deed },
): Promise<Asserted> {
  const ceremony = await store.ceremonies.take(id, type);
  if (!ceremony || ceremony.expiresAt <= now()) throw denied("Signing in took longer than five minutes.");
  const found = await store.credentials.find(response.id);
  if (!found) throw notEnrolled();
  const { credential, user } = found;
  Object.assign(caller, { user, credential: credential.id });
  const expected = { challenge: ceremony.challenge, deed, enrolled: found };
  const { counter, backedUp, proof } = await relyingParty.verifyAssertion(response, expected);
  const tooMany = caller.count("credential", credential.id) ?? caller.count("person", user.id);
  if (tooMany) throw tooMany;
  return { user, credentialId: credential.id, ceremony, counter, backedUp, known: credential.proof, proof };
}

/** Records the assertion in the transaction of what it allows. Throws `login_denied` for what has ended meanwhile. */
export async function recordAsserted({ credentials }: Transaction, asserted: Asserted, now: number): Promise<void> {
  const { user, credentialId, ceremony, counter, backedUp, known, proof } = asserted;
  const still = await credentials.find(credentialId);
  if (still?.user.id !== user.id) throw notEnrolled();
  if (still.user.disabled) throw denied("The administrator has disabled this account.");
  // As for a login: an assertion from before the last revocation opens nothing.
  if (ceremony.revocation < still.revocation) {
    throw denied("The sessions of this account were ended while this sign-in was under way.");
  }
  if (!(await credentials.recordAssertion(credentialId, counter, backedUp, now))) {
    throw denied("The signature counter of the security key did not rise.");
  }
  // Metadata and rules may have changed since the last login.
  if (writeProof(proof) !== writeProof(known)) await credentials.setProof(credentialId, proof);
}

/** The key is not there, or was removed meanwhile. */
export function notEnrolled(): VouchError {
  return new VouchError("login_denied", "This security key is not enrolled with this server.", {
    hint: "Enrol it with a code of your administrator: `vouch enroll`.",
  });
}

function denied(message: string): VouchError {
  return new VouchError("login_denied", message, { hint: "Sign in again." });
}
