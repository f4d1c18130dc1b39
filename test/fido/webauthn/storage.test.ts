/** Keys that do not store credentials, or have no room: the credential ids that are known here take their place. */
import { describe, expect, test } from "bun:test";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { person } from "./person.ts";
import { authenticate, creationOptions, toEnroll, toLogIn, origin, register, requestOptions } from "./relying-party.ts";

const pins = () => ["123456", "123456"];
const strangers = Array.from({ length: 30 }, (_, index) => Buffer.alloc(48, index + 1).toString("base64url"));

async function enroll(way: Pick<Parameters<typeof createCredential>[0], "device">, ui = person(pins())) {
  const options = await creationOptions({
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
  });
  const { credential } = await register(
    options,
    await createCredential({ deed: toEnroll, origin, ui, options, ...way }),
  );
  return credential;
}

async function login(
  way: Pick<Parameters<typeof getAssertion>[0], "device" | "credentialIds">,
  credential: Parameters<typeof authenticate>[2],
  ui = person(pins()),
) {
  const options = await requestOptions();
  const response = await getAssertion({ deed: toLogIn, origin, ui, options, ...way });
  await authenticate(options, response, credential);
  return response;
}

describe.each<[string, Partial<Settings>]>([
  ["CTAP 2.1", {}],
  ["CTAP 2.0", { ctap: "2.0", protocols: [1] }],
  ["CTAP 2.1, with a short list and short messages", { maxCredentialCountInList: 2, maxMsgSize: 700 }],
  ["CTAP 2.1, verified by the finger", { fingerprint: "matches" }],
  ["CTAP 2.0, verified by the finger", { fingerprint: "matches", ctap: "2.0", protocols: [1] }],
])("a key without resident credentials (%s)", (_, settings) => {
  test("is enrolled, and logs in by an id that is known here", async () => {
    await using plugged = await plugIn({ pin: "123456", capacity: 0, ...settings });
    const device = await plugged.open();
    const ui = person(pins());
    const credential = await enroll({ device }, ui);
    expect(ui.told).toEqual(["not stored: unsupported"]);
    const { response } = await login({ device, credentialIds: [...strangers, credential.id] }, credential);
    expect(response.userHandle).toBeUndefined();
  });
});

test("a key without resident credentials is not asked for a PIN when no id is known here", async () => {
  await using plugged = await plugIn({ pin: "123456", capacity: 0 });
  const device = await plugged.open();
  const credential = await enroll({ device });
  const ui = person([]);
  expect(await rejection(login({ device }, credential, ui))).toMatchObject({ code: "no_credential" });
  expect(await rejection(login({ device, credentialIds: strangers }, credential))).toMatchObject({
    code: "no_credential",
  });
});

describe.each<[string, Partial<Settings>, number]>([
  ["says what it lacks before the touch", {}, 1],
  ["says what it lacks only after a touch", { ctap: "2.0", protocols: [1] }, 2],
])("a full key that %s", (_, settings, touches) => {
  test("is enrolled without storing the credential, which is then found by its id, and each touch is announced", async () => {
    await using plugged = await plugIn({ pin: "123456", capacity: 1, ...settings });
    const { credentials, touch } = plugged.key.ctap2;
    credentials.create("other.example", { id: Uint8Array.of(1), name: "x", displayName: "x" }, true, 1);
    const device = await plugged.open();
    const enrolling = person(["123456"]);
    const credential = await enroll({ device }, enrolling);
    expect(enrolling.told).toEqual(["not stored: full"]);
    expect([touch.waits, enrolling.touches.length]).toEqual([touches, touches]);
    const loggingIn = person(["123456"]);
    await login({ device, credentialIds: [...strangers, credential.id] }, credential, loggingIn);
    expect([touch.waits, loggingIn.touches.length]).toEqual([2 * touches, touches]);
  });
});

test("a stored credential cannot be found without verifying the user", async () => {
  await using plugged = await plugIn({ pin: "123456" });
  await enroll({ device: await plugged.open() });
  const [stored] = plugged.key.ctap2.credentials.discoverable("vouch.example.com");
  expect(stored?.credProtect).toBe(2);
});

test("names that are longer than a key keeps are shortened, in whole characters", async () => {
  await using plugged = await plugIn({ pin: "123456", maxMsgSize: 600 });
  const device = await plugged.open();
  const options = await creationOptions({ userName: `${"é".repeat(31)}ab${"🔑".repeat(20)}` });
  await createCredential({ deed: toEnroll, device, origin, ui: person(), options });
  const [stored] = plugged.key.ctap2.credentials.discoverable("vouch.example.com");
  expect(stored?.user.name).toBe(`${"é".repeat(31)}ab`);
});

test("a request that is too large for the key ends with a clear error", async () => {
  await using plugged = await plugIn({ pin: "123456", maxMsgSize: 200 });
  expect(await rejection(enroll({ device: await plugged.open() }))).toMatchObject({
    code: "security_key_unsupported",
    message: "The request is larger than this security key takes.",
  });
});

test("on a key with a display the account is chosen on the key", async () => {
  await using plugged = await plugIn({ pin: "123456", display: true });
  const device = await plugged.open();
  const accounts = [];
  for (const userName of ["first@example.com", "second@example.com"]) {
    const options = await creationOptions({ userName });
    accounts.push(
      await register(options, await createCredential({ deed: toEnroll, device, origin, ui: person(), options })),
    );
  }
  const ui = person(["123456"], 1);
  await login({ device }, accounts[1]!.credential, ui);
  expect(ui.accounts).toEqual([]);
});
