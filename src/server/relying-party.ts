/** The WebAuthn relying party: options for the security key and the verification of its answers (WebAuthn Level 3, 7). */
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
import { VouchError } from "../errors.ts";
import type { Credential } from "./store/credentials.ts";
import type { User } from "./store/user.ts";

/** COSE algorithm identifier of ECDSA with SHA-256. */
const es256 = -7;

/** How long a ceremony may take: after it the challenge is refused. */
export const ceremonySeconds = 300;

export class RelyingParty {
  readonly #origin: string;
  readonly #id: string;

  /** `origin` is the URL of the server; its host is the rp.id. */
  constructor(origin: string) {
    this.#origin = origin;
    this.#id = new URL(origin).hostname;
  }

  /**
   * Options for a credential with user verification, on a key that the user has not enrolled yet; discoverable where the
   * key has room for it.
   */
  async creationOptions(user: User, known: Credential[]): Promise<PublicKeyCredentialCreationOptionsJSON> {
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
      supportedAlgorithmIDs: [es256],
      preferredAuthenticatorType: "securityKey",
    });
  }

  /** Options for an assertion by any credential of this relying party: who logs in is in the answer. */
  async requestOptions(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return await generateAuthenticationOptions({
      rpID: this.#id,
      timeout: ceremonySeconds * 1000,
      userVerification: "required",
      allowCredentials: [],
    });
  }

  /**
   * Verifies a registration. The attestation statement is verified as far as it goes (self attestation proves the
   * private key); no vendor's root is asked for. Throws `enrollment_denied`.
   */
  async verifyRegistration(
    response: RegistrationResponseJSON,
    expected: { challenge: string; user: User; product: string | undefined; now: number },
  ): Promise<Omit<Credential, "name">> {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: expected.challenge,
      expectedOrigin: this.#origin,
      expectedRPID: this.#id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [es256],
    }).catch((error: unknown) => {
      throw denied("enrollment_denied", reasonOf(error), error);
    });
    if (!verified) throw denied("enrollment_denied", "the attestation signature is wrong");
    const { credential } = registrationInfo;
    return {
      id: credential.id,
      userId: expected.user.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      aaguid: registrationInfo.aaguid,
      product: expected.product,
      transports: credential.transports ?? [],
      backupEligible: registrationInfo.credentialDeviceType === "multiDevice",
      backedUp: registrationInfo.credentialBackedUp,
      createdAt: expected.now,
      lastUsedAt: undefined,
    };
  }

  /**
   * Verifies an assertion by the given credential, whose user must be the one that the security key named, if any.
   * Throws `login_denied`.
   */
  async verifyAssertion(
    response: AuthenticationResponseJSON,
    expected: { challenge: string; credential: Credential },
  ): Promise<{ counter: number; backedUp: boolean }> {
    const { credential } = expected;
    // 7.2 step 6. A credential that is not stored on the key has no user there: its id, which is random and one of a
    // kind, has named the user, and the signature below proves the key.
    const { userHandle } = response.response;
    const named = userHandle === undefined ? credential.userId : Buffer.from(userHandle, "base64url").toString();
    if (named !== credential.userId) throw denied("login_denied", "the user handle is not the credential's");
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: expected.challenge,
      expectedOrigin: this.#origin,
      expectedRPID: this.#id,
      requireUserVerification: true,
      credential: { id: credential.id, publicKey: credential.publicKey, counter: credential.counter },
    }).catch((error: unknown) => {
      throw denied("login_denied", reasonOf(error), error);
    });
    if (!verified) throw denied("login_denied", "the signature is wrong");
    // 7.2 step 18: whether a credential can be backed up never changes.
    const backupEligible = authenticationInfo.credentialDeviceType === "multiDevice";
    if (backupEligible !== credential.backupEligible) throw denied("login_denied", "its backup eligibility changed");
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function denied(code: "enrollment_denied" | "login_denied", reason: string, cause?: unknown): VouchError {
  return new VouchError(code, `The answer of the security key was not accepted: ${reason.replace(/\.$/, "")}.`, {
    cause,
  });
}
