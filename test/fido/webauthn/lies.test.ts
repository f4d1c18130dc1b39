/** Keys that lie, or whose public keys nobody can use: found at the client, before the server is asked. */
import { describe, expect, test } from "bun:test";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { type Lie, lies } from "../../authenticator/ctap2/lies.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import { rejection } from "../../rejection.ts";
import { person } from "./person.ts";
import { creationOptions, toEnroll, toLogIn, origin, requestOptions } from "./relying-party.ts";

const product = "Software Security Key";

const authDataLies: Record<(typeof lies.authData)[number], { code: string; message: string } | undefined> = {
  rpIdHash: { code: "security_key_error", message: `${product} signed for another server.` },
  "no user presence": { code: "security_key_error", message: `${product} did not wait for a touch.` },
  "no user verification": { code: "security_key_error", message: `${product} did not verify its user.` },
  "no public key": { code: "security_key_error", message: `${product} made a credential without its public key.` },
  "short data": {
    code: "security_key_unsupported",
    message: `${product} cannot be used. Malformed authenticator data: expected at least 37 bytes, got 30.`,
  },
};

describe.each(lies.authData)('authenticator data with the lie "%s"', (lie) => {
  test("is refused when a credential is made", async () => {
    await using plugged = await plugIn({ pin: "123456", lie: { in: "authData", lie } });
    const options = await creationOptions();
    const making = createCredential({ deed: toEnroll, device: await plugged.open(), origin, ui: person(), options });
    const error = await rejection(making);
    expect(error).toMatchObject(authDataLies[lie]!);
    expect(error.exitCode).toBe(3);
  });

  // An assertion has no public key to leave out.
  if (lie === "no public key") return;
  test("is refused when logging in", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    await createCredential({ deed: toEnroll, device, origin, ui: person(), options: await creationOptions() });
    plugged.key.settings.lie = { in: "authData", lie };
    const options = await requestOptions();
    expect(await rejection(getAssertion({ deed: toLogIn, device, origin, ui: person(), options }))).toMatchObject(
      authDataLies[lie]!,
    );
  });
});

describe.each(["credential", "keyAgreement"] as const)("a useless public key as %s is refused:", (where) => {
  test.each(lies.publicKey)("%s", async (name) => {
    const lie: Lie = { in: where, lie: name };
    await using plugged = await plugIn({ pin: "123456", lie });
    const options = await creationOptions();
    const making = createCredential({ deed: toEnroll, device: await plugged.open(), origin, ui: person(), options });
    const error = await rejection(making);
    expect(error.message).toStartWith(product);
    expect(error).toMatchObject({ exitCode: 3, hint: expect.stringContaining("Use another security key") });
    expect(error.message).not.toMatch(/undefined|object|COSE/);
  });
});

test("a key agreement that is not on P-256 is refused in clear words", async () => {
  await using plugged = await plugIn({ pin: "123456", lie: { in: "keyAgreement", lie: "crv" } });
  const options = await creationOptions();
  const making = createCredential({ deed: toEnroll, device: await plugged.open(), origin, ui: person(), options });
  expect(await rejection(making)).toMatchObject({
    code: "security_key_unsupported",
    message: `${product} cannot be used. Unusable public key: expected a key on the curve P-256 (crv 1), got crv 0.`,
  });
  expect(plugged.key.ctap2.pin.pinRetries).toBe(8);
});
