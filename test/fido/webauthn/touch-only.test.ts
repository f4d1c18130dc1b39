/** An assertion for which a touch is enough: what the relying party calls `userVerification: "discouraged"`. */
import { describe, expect, test } from "bun:test";
import { verifyAuthenticationResponse, type WebAuthnCredential } from "@simplewebauthn/server";
import { parseAuthenticatorData } from "../../../src/fido/webauthn/authenticator-data.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import {
  approveAdd,
  approveRemove,
  approveRename,
  type Deed,
  signedChallenge,
} from "../../../src/fido/webauthn/deed.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { person } from "./person.ts";
import { creationOptions, toEnroll, origin, register, requestOptions } from "./relying-party.ts";

const publishing: Deed = { purpose: "publish", about: "4321 987654" };

/** Enrols on a key with the PIN 123456, and asks it for a touch. */
async function touched(settings: Partial<Settings>, ui = person([]), deed = publishing) {
  await using plugged = await plugIn({ pin: "123456", ...settings });
  const device = await plugged.open();
  const creation = await creationOptions();
  const { credential } = await register(
    creation,
    await createCredential({ deed: toEnroll, device, origin, ui: person(), options: creation }),
  );
  const request = { ...(await requestOptions([{ id: credential.id }])), userVerification: "discouraged" as const };
  const assertion = await getAssertion({ deed, device, origin, ui, options: request });
  return { assertion, credential, challenge: request.challenge, deed, ui };
}

async function isAccepted(
  { assertion, credential, challenge, deed }: Awaited<ReturnType<typeof touched>>,
  requireUserVerification: boolean,
): Promise<boolean> {
  const verified = verifyAuthenticationResponse({
    response: assertion,
    expectedChallenge: signedChallenge(challenge, deed),
    expectedOrigin: origin,
    expectedRPID: "vouch.example.com",
    requireUserVerification,
    credential: credential satisfies WebAuthnCredential,
  });
  return verified.then(
    () => true,
    () => false,
  );
}

describe("a touch without a PIN", () => {
  test.each<[string, Partial<Settings>]>([
    ["of both protocols", {}],
    ["of protocol one", { protocols: [1] }],
    ["of CTAP 2.0", { ctap: "2.0", protocols: [1] }],
    ["with a fingerprint sensor", { fingerprint: "matches" }],
  ])("is what a key gives: %s", async (_, settings) => {
    const found = await touched(settings);
    expect(found.ui).toMatchObject({ pinRequests: [], fingerprintRequests: [], touches: [expect.any(String)] });
    const { flags } = parseAuthenticatorData(Buffer.from(found.assertion.response.authenticatorData, "base64url"));
    expect({ present: flags.userPresent, verified: flags.userVerified }).toEqual({ present: true, verified: false });
    expect([await isAccepted(found, false), await isAccepted(found, true)]).toEqual([true, false]);
  });

  test("is not what a key gives that always verifies its user: that asks for the PIN", async () => {
    const found = await touched({ alwaysUv: true }, person(["123456"]));
    expect(found.ui.pinRequests).toHaveLength(1);
    expect(await isAccepted(found, true)).toBe(true);
  });

  test.each<Deed>([
    { purpose: "login" },
    approveAdd(new Uint8Array(4), undefined, undefined),
    approveRename("AAAA", "work", "pocket"),
    approveRemove("AAAA", "work", false),
  ])("is not enough for %j, whatever the options say", async (deed) => {
    const found = await touched({}, person(["123456"]), deed);
    expect(found.ui.pinRequests).toHaveLength(1);
    expect(await isAccepted(found, true)).toBe(true);
  });
});
