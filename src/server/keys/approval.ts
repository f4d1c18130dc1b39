/**
 * Approval of what a session alone must not do (a change to a user's security keys, publishing): a fresh assertion, bound
 * to this deed and usable once.
 */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { type ErrorCode, VouchError } from "../../base/errors.ts";
import type { Deed } from "../../fido/webauthn/deed.ts";
import type { ServerContext } from "../context.ts";
import { randomToken } from "../random.ts";
import { approvalChallenge, ceremonySeconds } from "../webauthn/relying-party.ts";
import type { Authorized } from "../oauth/authorization.ts";
import type { Credential } from "../store/credentials.ts";
import type { Session } from "../store/sessions.ts";
import type { Transaction } from "../store/store.ts";
import type { User } from "../store/user.ts";

/** What is to be approved. The options' challenge is a digest of all of it and of the ceremony's random challenge. */
export interface Change {
  type: "addition" | "removal" | "publication";
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
  removal: {
    seconds: ceremonySeconds,
    denied: "enrollment_denied",
    late: "The removal took longer than five minutes or was finished before.",
  },
  publication: {
    seconds: 60,
    denied: "login_denied",
    late: "Publishing was not approved within 60 seconds, or this approval was used before.",
  },
};

/** Returns the addition of a key, with its name if the user gave one. */
export function addition(user: User, name: string | undefined): Change {
  return { type: "addition", userId: user.id, parts: [name ?? null], userVerification: "required" };
}

/** Returns the removal of a key; with `force` even of the last one. */
export function removal(user: User, id: string, force: boolean): Change {
  return { type: "removal", userId: user.id, parts: [id, force], userVerification: "required" };
}

/** Returns publishing in one session: an approval is of no use to another session of the same user. */
export function publication({ user, tokenHash }: Authorized, userVerification: Change["userVerification"]): Change {
  return { type: "publication", userId: user.id, parts: [tokenHash], userVerification };
}

/** What a client sends for an approval. */
export interface Answer {
  /** The ceremony's id. */
  ceremony: string;
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
  const { relyingParty } = context;
  const approval = await relyingParty.approvalOptions(described(change, challenge), enrolled, change.userVerification);
  return { ceremony, approval };
}

/**
 * Takes the ceremony (single use) and verifies that a key of the session's user signed exactly this change, for this deed. Returns the
 * ceremony's challenge. Throws `enrollment_denied` or `login_denied` for an expired or used ceremony, `login_denied` for
 * the assertion.
 */
export async function verifyApproval(
  context: ServerContext,
  session: Session,
  change: Change,
  { ceremony: id, approval, deed }: Answer,
): Promise<{ challenge: string; approved: Approved }> {
  const { store, relyingParty } = context;
  const ceremony = await store.ceremonies.take(id, change.type);
  if (!ceremony || ceremony.expiresAt <= context.now() || ceremony.userId !== session.user.id) {
    const { denied, late } = rules[change.type];
    throw new VouchError(denied, late, { hint: "Run the command again." });
  }
  const found = await store.credentials.find(approval.id);
  if (found?.user.id !== session.user.id) throw notEnrolled();
  const { challenge } = ceremony;
  const { credential } = found;
  const verified = await relyingParty.verifyAssertion(approval, {
    challenge: approvalChallenge(described(change, challenge)),
    deed,
    credential,
    userVerification: change.userVerification,
  });
  return { challenge, approved: { credentialId: credential.id, userId: credential.userId, ...verified } };
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
