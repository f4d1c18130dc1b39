/** The relying party of the ceremonies' tests: the real library that the server uses. */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from "@simplewebauthn/server";

import { type Deed, signedChallenge } from "../../../src/fido/webauthn/deed.ts";

export const origin = "https://vouch.example.com";
const rpId = "vouch.example.com";
/** What the touches of these ceremonies are for. */
export const toEnroll: Deed = { purpose: "enroll" };
export const toLogIn: Deed = { purpose: "login" };

export function creationOptions(
  changes: {
    userName?: string;
    attestationType?: "none" | "direct";
    excludeCredentials?: { id: string }[];
    authenticatorSelection?: { residentKey: "required" | "preferred"; userVerification: "required" };
  } = {},
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpName: "Vouch",
    rpID: rpId,
    userName: "dev@example.com",
    attestationType: "direct",
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: [-7],
    ...changes,
  });
}

/** Verifies as the server does, user verification included; gives the new credential and the attestation format. */
export async function register(
  options: PublicKeyCredentialCreationOptionsJSON,
  response: RegistrationResponseJSON,
): Promise<{ credential: WebAuthnCredential; fmt: string; aaguid: string }> {
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: signedChallenge(options.challenge, toEnroll),
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
  });
  if (!verified || registrationInfo === undefined) throw new Error("the registration was not verified");
  return registrationInfo;
}

export function requestOptions(
  allowCredentials: { id: string }[] = [],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({ rpID: rpId, userVerification: "required", allowCredentials });
}

/** Verifies as the server does; gives the signature counter. */
export async function authenticate(
  options: PublicKeyCredentialRequestOptionsJSON,
  response: AuthenticationResponseJSON,
  credential: WebAuthnCredential,
): Promise<number> {
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: signedChallenge(options.challenge, toLogIn),
    expectedOrigin: origin,
    expectedRPID: rpId,
    credential,
    requireUserVerification: true,
  });
  if (!verified) throw new Error("the assertion was not verified");
  return authenticationInfo.newCounter;
}
