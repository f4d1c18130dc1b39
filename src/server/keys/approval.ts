/**
 * Approval of what a session alone must not do (a change to a user's security keys, publishing, administration): a fresh assertion, bound
 * to this deed and usable once.
 */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { type ErrorCode, VouchError } from "../../base/errors.ts";
import type { Deed } from "../../fido/webauthn/deed.ts";
import type { ServerContext } from "../context.ts";
import { randomToken } from "../random.ts";
import { approvalChallenge, ceremonySeconds } from "../webauthn/relying-party.ts";
import type { Authorized } from "../oauth/authorization.ts";
import type { Proof } from "../policy/proof.ts";
import type { Credential } from "../store/people/credentials.ts";
import type { Transaction } from "../store/store.ts";

/** What is to be approved. The options' challenge is a digest of all of it and of the ceremony's random challenge. */
export interface Change {
  type: "addition" | "renaming" | "removal" | "publication" | "administration" | "page_change";
  userId: string;
  parts: readonly (string | boolean | null)[];
  /** Whether the key must verify its user (PIN or finger); the touch is always needed. */
  userVerification: "required" | "discouraged";
}

/** By type: how long the ceremony lasts (seconds), and the error for one that is too late or not known. */
const rules: Readonly<Record<Change["type"], { seconds: number; denied: ErrorCode; late: string }>> = {
  addition: {
    seconds: ceremonySeconds,
    denied: "enrollment_denied",
    late: "The addition took longer than five minutes or was finished before.",
  },
  renaming: {
    seconds: ceremonySeconds,
    denied: "enrollment_denied",
    late: "The renaming took longer than five minutes or was finished before.",
  },
  removal: {
    seconds: ceremonySeconds,
    denied: "enrollment_denied",
    late: "The removal took longer than five minutes or was finished before.",
  },
  administration: {
    seconds: ceremonySeconds,
    denied: "login_denied",
    late: "The change took longer than five minutes or was made before.",
  },
  publication: {
    seconds: 60,
    denied: "login_denied",
    late: "Publishing was not approved within 60 seconds, or this approval was used before.",
  },
  page_change: {
    seconds: ceremonySeconds,
    denied: "login_denied",
    late: "The change took longer than five minutes or was finished before.",
  },
};

/** The session that a change is made in: of the command line or of the pages. */
export type ChangingSession = Pick<Authorized, "user" | "tokenHash">;

/**
 * Returns the addition of a key, with its name if the user gave one; `said` is what the client says of the key and no
 * signature covers, if it said so before the approval.
 */
export function addition(session: ChangingSession, name: string | undefined, said: readonly string[] = []): Change {
  return inSession("addition", session, [name ?? null, ...said]);
}

/** Returns another name for a key. */
export function renaming(session: Authorized, id: string, name: string): Change {
  return inSession("renaming", session, [id, name]);
}

/** Returns the removal of a key; with `force` even of the last one. */
export function removal(session: Authorized, id: string, force: boolean): Change {
  return inSession("removal", session, [id, force]);
}

/** Returns publishing. */
export function publication(session: Authorized, userVerification: Change["userVerification"]): Change {
  return inSession("publication", session, [], userVerification);
}

/** Ids of others whom a change is about, or of what; of an `item` in its present state. */
interface About {
  person: string;
  group: string;
  item: string;
}

const nobody: About = { person: "", group: "", item: "" };

/** Returns what a form of the pages changes: its action, and the names and values of its fields; `about`: of others. */
export function pageChange(session: ChangingSession, form: readonly string[], about = nobody): Change {
  return inSession("page_change", session, [about.person, about.group, about.item, ...form]);
}

/** Returns what an administrator changes, by its parts, and about whom. */
export function administration(session: ChangingSession, parts: readonly string[], about = nobody): Change {
  return inSession("administration", session, [about.person, about.group, about.item, ...parts]);
}

/** An approval is of no use to another session of the same user. */
function inSession(
  type: Change["type"],
  { user, tokenHash }: ChangingSession,
  parts: Change["parts"],
  userVerification: Change["userVerification"] = "required",
): Change {
  return { type, userId: user.id, parts: [tokenHash, ...parts], userVerification };
}

/** What a client sends for an approval. */
export interface Answer {
  /** The ceremony's challenge. */
  challenge: string;
  approval: AuthenticationResponseJSON;
  /** What the touch must have been given for. */
  deed: Deed;
}

/** A verified assertion whose signature counter is not stored yet. */
export interface Approved {
  credentialId: string;
  userId: string;
  counter: number;
  backedUp: boolean;
  /** Whether the key counts as part of a phone or computer. */
  builtIn: boolean;
  /** By what the key's model is proved. */
  proof: Proof | undefined;
}

/** Begins a ceremony for the change, with a random challenge; its options accept any enrolled key of the user. */
export async function beginApproval(
  context: ServerContext,
  change: Change,
  challenge: string,
  enrolled: Credential[],
): Promise<{ ceremony: string; approval: PublicKeyCredentialRequestOptionsJSON }> {
  const ceremony = randomToken();
  await context.store.ceremonies.add({
    id: ceremony,
    type: change.type,
    challenge,
    userId: change.userId,
    expiresAt: context.now() + rules[change.type].seconds,
  });
  return { ceremony, approval: await approvalRequest(context, change, challenge, enrolled) };
}

/** Returns the request options of a ceremony for the change, whose random challenge this is. */
export async function approvalRequest(
  { relyingParty }: ServerContext,
  change: Change,
  challenge: string,
  enrolled: Credential[],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return await relyingParty.approvalOptions(described(change, challenge), enrolled, change.userVerification);
}

/**
 * Takes the ceremony (single use) and returns its challenge. Throws `enrollment_denied` or `login_denied` for one that
 * has expired, was used or is another user's.
 */
export async function takeApproval(context: ServerContext, { type, userId }: Change, id: string): Promise<string> {
  const ceremony = await context.store.ceremonies.take(id, type);
  if (ceremony && ceremony.expiresAt > context.now() && ceremony.userId === userId) return ceremony.challenge;
  const { denied, late } = rules[type];
  throw new VouchError(denied, late, { hint: "Begin again." });
}

/**
 * Verifies that an enrolled key of the change's user signed exactly this change, for this deed. Throws `login_denied`, HttpError (429).
 */
export async function verifyApproval(
  { store, relyingParty, caller }: ServerContext,
  change: Change,
  { challenge, approval, deed }: Answer,
): Promise<Approved> {
  const found = await store.credentials.find(approval.id);
  if (found?.user.id !== change.userId) throw notEnrolled();
  const { credential } = found;
  const verified = await relyingParty.verifyAssertion(approval, {
    challenge: approvalChallenge(described(change, challenge)),
    deed,
    enrolled: found,
    userVerification: change.userVerification,
  });
  const tooMany = caller.count("credential", credential.id);
  if (tooMany) throw tooMany;
  return { credentialId: credential.id, userId: credential.userId, builtIn: credential.builtIn, ...verified };
}

/** Stores the assertion's signature counter, in the same transaction as the change. Throws `login_denied`. */
export async function recordApproval({ credentials }: Transaction, approved: Approved, now: number): Promise<void> {
  const found = await credentials.find(approved.credentialId);
  if (found?.user.id !== approved.userId) throw notEnrolled();
  if (!(await credentials.recordAssertion(approved.credentialId, approved.counter, approved.backedUp, now))) {
    throw new VouchError("login_denied", "The signature counter of the security key did not rise.");
  }
}

function described({ type, userId, parts }: Change, challenge: string): unknown[] {
  return [type, userId, ...parts, challenge];
}

function notEnrolled(): VouchError {
  return new VouchError("login_denied", "This security key is not one of yours.", {
    hint: "Approve the change with a key that `vouch keys list` shows.",
  });
}
