/** The WebAuthn relying party: options for security keys and verification of their responses (WebAuthn Level 3, 7). */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { decodeBase64url, encodeBase64url } from "../../fido/codec/base64url.ts";
import { type CborValue, encodeCbor } from "../../fido/codec/cbor.ts";
import { ES256 } from "../../fido/codec/cose.ts";
import { type Deed, signedChallenge } from "../../fido/webauthn/deed.ts";
import { VouchError } from "../../base/errors.ts";
import { parseJson, tableOf } from "../../base/json.ts";
import { parseAuthenticatorData } from "../../fido/webauthn/authenticator-data.ts";
import { readAttestation, verifyAttestation } from "./attestation.ts";
import { type AttestationPolicy, writeAttestation } from "../policy/policy.ts";
import type { Proof } from "../policy/proof.ts";
import { sha256 } from "../random.ts";
import { builtIn, builtInHint, builtInOff, kindOf, transportsOf, unknownKind } from "./built-in-key.ts";
import type { Credential, FoundCredential, RegisteredCredential } from "../store/people/credentials.ts";
import type { User } from "../store/people/user.ts";

/** Timeout of a ceremony, after which its challenge is invalid. */
export const ceremonySeconds = 300;

export class RelyingParty {
  readonly #origin: string;
  readonly #id: string;
  /** Which security keys are taken. */
  readonly policy: AttestationPolicy;
  readonly #allowSyncedPasskeys: boolean;
  readonly #takesBuiltIn: boolean;

  /**
   * `origin` is the server's URL; its host is the rp.id. `policy` judges the models of keys. `allowSyncedPasskeys` accepts
   * credentials that can be copied (backup eligible: WebAuthn Level 3, 6.1.3), `takesBuiltIn` the assertions of keys that
   * are marked as part of a phone or computer.
   */
  constructor(
    origin: string,
    policy: AttestationPolicy,
    {
      allowSyncedPasskeys = false,
      takesBuiltIn = false,
    }: { allowSyncedPasskeys?: boolean; takesBuiltIn?: boolean } = {},
  ) {
    this.#origin = origin;
    this.#id = new URL(origin).hostname;
    this.policy = policy;
    this.#allowSyncedPasskeys = allowSyncedPasskeys;
    this.#takesBuiltIn = takesBuiltIn;
  }

  /**
   * Returns creation options for a credential with user verification, on a key that the user has not enrolled yet;
   * discoverable if the key has room for it. `allowsBuiltIn`: also on one that is part of a phone or computer.
   */
  async creationOptions(
    user: User,
    known: Credential[],
    allowsBuiltIn = false,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return await generateRegistrationOptions({
      rpName: "Vouch",
      rpID: this.#id,
      userName: user.email,
      userDisplayName: user.email,
      userID: Uint8Array.from(Buffer.from(user.id)),
      timeout: ceremonySeconds * 1000,
      attestationType: "direct",
      excludeCredentials: known.map(({ id, transports }) => ({ id, transports })),
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      supportedAlgorithmIDs: [ES256],
      ...(allowsBuiltIn ? {} : { preferredAuthenticatorType: "securityKey" }),
    });
  }

  /** Returns request options for any credential of this relying party: the response names the user. */
  async requestOptions(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return await this.#requestOptions([]);
  }

  /**
   * Returns request options for an assertion that approves a change, by any enrolled key of the user. The challenge is
   * a digest of `change`, which must contain random data, so an assertion is valid for this change only.
   */
  async approvalOptions(
    change: readonly unknown[],
    enrolled: Credential[],
    userVerification: "required" | "discouraged" = "required",
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const allowed = enrolled.map(({ id, transports }) => ({ id, transports }));
    return { ...(await this.#requestOptions(allowed, userVerification)), challenge: approvalChallenge(change) };
  }

  async #requestOptions(
    allowCredentials: { id: string; transports: Credential["transports"] }[],
    userVerification: "required" | "discouraged" = "required",
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return await generateAuthenticationOptions({
      rpID: this.#id,
      timeout: ceremonySeconds * 1000,
      userVerification,
      allowCredentials,
    });
  }

  /**
   * Verifies a registration. The attestation statement's signature is verified (self attestation proves possession of
   * the private key), and the policy judges its certificates; no URL in them is fetched. `attested` are the attested
   * credential data (6.5.1). `allowsBuiltIn`: whether it may be part of a phone or computer, as the client says, or of a kind that it
   * does not say. Throws `enrollment_denied`.
   */
  async verifyRegistration(
    response: RegistrationResponseJSON,
    expected: {
      challenge: string;
      deed: Deed;
      user: User;
      product: string | undefined;
      now: number;
      allowsBuiltIn?: boolean;
    },
  ): Promise<{ verified: Omit<RegisteredCredential, "name">; attested: Uint8Array }> {
    const { user, product, now, allowsBuiltIn = false } = expected;
    try {
      const kind = kindOf(response);
      if (kind !== "roaming" && !allowsBuiltIn) throw refusal(kind === "unknown" ? unknownKind : builtIn, builtInHint);
      const challenge = signedChallenge(expected.challenge, expected.deed);
      const { attested, ...registered } = await this.#verifyRegistration(response, challenge, allowsBuiltIn);
      const ofClient = { builtIn: kind !== "roaming", userId: user.id, product, createdAt: now };
      return { verified: { ...registered, ...ofClient }, attested };
    } catch (error) {
      throw denied("enrollment_denied", error);
    }
  }

  async #verifyRegistration(response: RegistrationResponseJSON, expectedChallenge: string, allowsBuiltIn: boolean) {
    const { clientDataJSON, attestationObject } = response.response;
    const attestation = readAttestation(decodeBase64url(attestationObject), allowsBuiltIn);
    if (encodeBase64url(attestation.credentialId) !== response.id) throw refusal("its credential id is another");
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      // For several formats the library fetches CRLs from URLs in certificates: withhold the statement (SSRF).
      response: { ...response, response: { ...response.response, attestationObject: withoutStatement(attestation) } },
      expectedChallenge,
      expectedOrigin: this.#origin,
      expectedRPID: this.#id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [ES256],
    });
    if (!verified) throw refusal("it is malformed");
    if (isEmbedded(clientDataJSON)) throw refusal(embedded);
    const hash = Buffer.from(sha256(decodeBase64url(clientDataJSON)), "base64url");
    const kept = { format: attestation.format, chain: verifyAttestation(attestation, hash) };
    if (attestation.decoded.flags.backupEligible && !this.#allowSyncedPasskeys) throw refusal(syncable);
    const { credential, aaguid } = registrationInfo;
    const judgement = this.policy.judgeNew({ aaguid, backupEligible: attestation.decoded.flags.backupEligible }, kept);
    if (judgement.refusal !== undefined) throw refusal(judgement.refusal, takenHint);
    return {
      attested: attestation.attested,
      id: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      aaguid,
      transports: transportsOf(response),
      backupEligible: registrationInfo.credentialDeviceType === "multiDevice",
      backedUp: registrationInfo.credentialBackedUp,
      lastUsedAt: undefined,
      proof: judgement.proof,
      attestation: writeAttestation(kept),
    };
  }

  /**
   * Verifies an assertion by the given credential; the user was present, and verified unless that is discouraged. If the
   * response has a user handle, it must be the credential's user. Returns by what the key's model is proved now.
   * Throws `login_denied`, also for a key that the policy no longer takes.
   */
  async verifyAssertion(
    response: AuthenticationResponseJSON,
    expected: {
      challenge: string;
      deed: Deed;
      enrolled: Pick<FoundCredential, "credential" | "attestation">;
      userVerification?: "required" | "discouraged";
    },
  ): Promise<{ counter: number; backedUp: boolean; proof: Proof | undefined }> {
    const { credential, attestation } = expected.enrolled;
    if (response.id !== credential.id) throw denied("login_denied", refusal("its credential id is another"));
    // 7.2 step 6. A non-discoverable credential sends no user handle: its id (random, unique) has identified the user,
    // and the signature check below proves possession of the key.
    const { userHandle } = response.response;
    const named = userHandle === undefined ? credential.userId : Buffer.from(userHandle, "base64url").toString();
    if (named !== credential.userId) throw denied("login_denied", refusal("the user handle is not the credential's"));
    const { authenticatorData, clientDataJSON } = response.response;
    try {
      // Stricter than the library, which takes extensions of any type.
      parseAuthenticatorData(decodeBase64url(authenticatorData));
      if (isEmbedded(clientDataJSON)) throw refusal(embedded);
    } catch (error) {
      throw denied("login_denied", error);
    }
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: signedChallenge(expected.challenge, expected.deed),
      expectedOrigin: this.#origin,
      expectedRPID: this.#id,
      requireUserVerification: expected.userVerification !== "discouraged",
      credential: { id: credential.id, publicKey: credential.publicKey, counter: credential.counter },
    }).catch((error: unknown) => {
      throw denied("login_denied", error);
    });
    if (!verified) throw denied("login_denied", refusal("the signature is wrong"));
    // 7.2 step 18: backup eligibility never changes.
    const backupEligible = authenticationInfo.credentialDeviceType === "multiDevice";
    if (backupEligible !== credential.backupEligible) {
      throw denied("login_denied", refusal("its backup eligibility changed"));
    }
    if (backupEligible && !this.#allowSyncedPasskeys) throw denied("login_denied", refusal(syncable));
    if (credential.builtIn && !this.#takesBuiltIn) throw denied("login_denied", refusal(builtInOff, securityKeyHint));
    const { proof, refusal: why } = this.policy.judgeEnrolled({ ...credential, attestation });
    if (why !== undefined) throw denied("login_denied", refusal(why, takenHint));
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp, proof };
  }
}

/** A credential that can leave its key is no possession factor (WebAuthn Level 3, 6.1.3). */
const syncable = "it is a passkey that can be synced; use a security key, which cannot be copied";

const securityKeyHint = "Use a security key that you have enrolled: `vouch login`.";

const takenHint = "Ask your administrator which security keys this server takes (`vouch server attestation show`).";

const embedded = "it was made in a frame of another origin";

/**
 * Whether the client data say that the ceremony ran in a page of another origin (WebAuthn Level 3, 7.1 step 10 and 7.2
 * step 14), which the library ignores. Throws `protocol_error` for what is no JSON.
 */
function isEmbedded(clientDataJson: string): boolean {
  // The library skips a byte order mark, which no client writes (5.8.1.1).
  const clientData = parseJson(Buffer.from(clientDataJson, "base64url").toString());
  if (clientData === undefined) throw refusal("it is malformed");
  const { crossOrigin, topOrigin } = tableOf(clientData);
  return (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined;
}

/** Returns the options' challenge for an assertion that approves this change, in base64url. */
export function approvalChallenge(change: readonly unknown[]): string {
  return sha256(JSON.stringify(["vouch approval", ...change]));
}

/** Rebuilds the attestation object with format `none` (WebAuthn Level 3, 8.7) and the same authenticator data. */
function withoutStatement({ authData }: { authData: Uint8Array }): string {
  return encodeBase64url(
    encodeCbor(
      new Map<string, CborValue>([
        ["fmt", "none"],
        ["attStmt", new Map()],
        ["authData", authData],
      ]),
    ),
  );
}

/** Maps library messages to reasons by keyword; the originals quote untrusted input and are discarded. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/challenge/i, "it answers another challenge, or was given for something else"],
  [/top origin/i, embedded],
  [/origin/i, "it was made for another origin"],
  [/RP ID/i, "it was made for another RP ID"],
  [/response type/i, "it is of another type"],
  [/could not be verified|verification required/i, "the user was not verified"],
  [/not present/i, "the user was not present"],
  [/counter/i, "its signature counter did not rise"],
];

function reasonOf(error: unknown): string {
  // Our own errors already have a readable message.
  if (error instanceof VouchError) return error.message;
  const text = error instanceof Error ? error.message : "";
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? "it is malformed";
}

function refusal(reason: string, hint?: string): VouchError {
  return new VouchError("protocol_error", reason, { hint });
}

function denied(code: "enrollment_denied" | "login_denied", error: unknown): VouchError {
  const reason = reasonOf(error).replace(/\.$/, "");
  const hint = error instanceof VouchError ? error.hint : undefined;
  return new VouchError(code, `The answer of the security key was not accepted: ${reason}.`, { hint, cause: error });
}
