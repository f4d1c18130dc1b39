/** How ceremonies verify the user of a key in every state, against a software key that refuses what a real one refuses. */
import { describe, expect, test } from "bun:test";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { type Person, person } from "./person.ts";
import { authenticate, creationOptions, toEnroll, toLogIn, origin, register, requestOptions } from "./relying-party.ts";

/** Enrols and logs in on a new key with these settings, and gives it. */
async function serve(settings: Partial<Settings>, ui: Person, nextUi: Person = ui) {
  await using plugged = await plugIn(settings);
  const device = await plugged.open();
  const creation = await creationOptions();
  const { credential } = await register(
    creation,
    await createCredential({ deed: toEnroll, device, origin, ui, options: creation }),
  );
  const request = await requestOptions();
  await authenticate(
    request,
    await getAssertion({ deed: toLogIn, device, origin, ui: nextUi, options: request }),
    credential,
  );
  return plugged.key;
}

const newPin = "correct horse";

describe("a key without a PIN", () => {
  test.each<[string, Partial<Settings>]>([
    ["of both protocols", {}],
    ["of protocol one", { protocols: [1] }],
    ["of protocol two", { protocols: [2] }],
    ["of CTAP 2.0", { ctap: "2.0", protocols: [1] }],
    ["that always verifies its user", { alwaysUv: true }],
    ["with a sensor that knows no finger", { fingerprint: "unenrolled" }],
  ])("gets one when the person wants it: %s", async (_, settings) => {
    const ui = person([], undefined, { newPins: [newPin] });
    const key = await serve(settings, ui, person([newPin]));
    expect(key.ctap2.pin.isSet).toBe(true);
    expect(ui.newPinRequests).toEqual([{ reason: "not_set", minLength: 8, fault: undefined }]);
    expect(ui.told).toEqual(["new PIN: not_set"]);
    expect(ui.pinRequests).toEqual([]);
  });

  test("is asked only for a PIN that both sides accept", async () => {
    const newPins = ["1234567", "é".repeat(32), "123456789\u0000", "12345678", "correct horse battery"];
    const ui = person([], undefined, { newPins });
    await serve({ minPINLength: 10 }, ui, person([newPins.at(-1)!]));
    expect(ui.newPinRequests.map(({ fault }) => fault)).toEqual([
      undefined,
      { kind: "too_short", length: 7, minLength: 10 },
      { kind: "too_long", size: 64, maxSize: 63 },
      { kind: "control_character" },
      { kind: "too_short", length: 8, minLength: 10 },
    ]);
    expect(ui.newPinRequests[0]?.minLength).toBe(10);
  });

  test("may refuse a PIN by its own rules, and then gets another", async () => {
    const ui = person([], undefined, { newPins: ["12345678", newPin] });
    await serve({ pinComplexityPolicy: true }, ui, person([newPin]));
    expect(ui.newPinRequests.map(({ fault }) => fault)).toEqual([undefined, { kind: "refused" }]);
  });

  test("remains without one after ten that are not accepted", async () => {
    const ui = person([], undefined, { newPins: Array.from({ length: 11 }, () => "1234") });
    expect(await rejection(serve({}, ui))).toMatchObject({
      code: "pin_policy",
      message: expect.stringContaining("10 tries"),
    });
    expect(ui.newPinRequests).toHaveLength(10);
  });

  test("that refuses three PINs is not asked again", async () => {
    const ui = person([], undefined, { newPins: ["12345678", "23456789", "34567890", "45678901"] });
    expect(await rejection(serve({ pinComplexityPolicy: true }, ui))).toMatchObject({ code: "pin_policy" });
    expect(ui.newPinRequests).toHaveLength(3);
  });
});

describe("a key that demands another PIN", () => {
  test.each<[string, Partial<Settings>]>([
    ["in protocol one", { protocols: [1] }],
    ["in protocol two", { protocols: [2] }],
    ["and answers PIN_INVALID to every PIN", { forcePINChangeStatus: "PIN_INVALID" }],
    ["and answers PIN_POLICY_VIOLATION to every PIN", { forcePINChangeStatus: "PIN_POLICY_VIOLATION" }],
    ["which only a longer one ends", { minPINLength: 10 }],
  ])("gets it and goes on, %s", async (_, settings) => {
    const longer = "correct horse battery";
    const ui = person(["1234"], undefined, { newPins: [longer] });
    await serve({ pin: "1234", minPINLength: 6, ...settings, forcePINChange: true }, ui, person([longer]));
    // The present PIN may be shorter than what the key takes now.
    expect(ui.pinRequests).toEqual([{ mustChange: true, minLength: 4, wrong: false, retries: 8, instead: undefined }]);
    expect(ui.newPinRequests).toMatchObject([
      { reason: "must_change", minLength: Math.max(8, settings.minPINLength ?? 6) },
    ]);
    expect(ui.told).toEqual(["new PIN: must_change"]);
  });

  test.each(["specification", "PIN_INVALID", "PIN_POLICY_VIOLATION"] as const)(
    "and does not say so is asked for its tries, since a refusal that used none is no wrong PIN (%s)",
    async (forcePINChangeStatus) => {
      const ui = person(["123456", "123456"], undefined, { newPins: [newPin] });
      const settings = { forcePINChange: true, hidesForcePINChange: true, forcePINChangeStatus };
      const key = await serve({ pin: "123456", ...settings }, ui, person([newPin]));
      expect(ui.pinRequests).toMatchObject([
        { mustChange: false, wrong: false },
        { mustChange: true, wrong: false, retries: 8 },
      ]);
      expect(key.ctap2.pin.pinRetries).toBe(8);
    },
  );

  test("does not get a wrong present PIN a second time by itself, since one try is gone", async () => {
    await using plugged = await plugIn({ pin: "123456", forcePINChange: true });
    const device = await plugged.open();
    const ui = person(["000000"], undefined, { newPins: [newPin] });
    const options = await creationOptions();
    // The person has nothing more to type when the PIN is asked for again.
    const making = createCredential({ deed: toEnroll, device, origin, ui, options }).catch((error: Error) => error);
    expect(await making).toMatchObject({ message: "no PIN is left to type" });
    expect(ui.pinRequests).toMatchObject([
      { mustChange: true, wrong: false, retries: 8 },
      { mustChange: true, wrong: true, retries: 7 },
    ]);
    expect(plugged.key.ctap2.pin.pinRetries).toBe(7);
    expect(ui.newPinRequests).toHaveLength(1);
  });

  test("gets the present PIN anew when it was wrong", async () => {
    const ui = person(["000000", "123456"], undefined, { newPins: [newPin] });
    await serve({ pin: "123456", forcePINChange: true }, ui, person([newPin]));
    expect(ui.pinRequests).toMatchObject([
      { wrong: false, retries: 8 },
      { wrong: true, retries: 7 },
    ]);
    expect(ui.newPinRequests).toHaveLength(1);
  });

  test("does not accept the present PIN as the new one", async () => {
    const ui = person(["12345678"], undefined, { newPins: ["12345678", newPin] });
    await serve({ pin: "12345678", forcePINChange: true }, ui, person([newPin]));
    expect(ui.newPinRequests.map(({ fault }) => fault)).toEqual([undefined, { kind: "refused" }]);
  });
});

describe("the PIN is asked for a bounded number of times", () => {
  test.each<[string, Partial<Settings>, number]>([
    ["by a key that counts: three wrong ones in a row", {}, 3],
    ["by a key whose counter does not count", { forgetsWrongPins: true }, 2],
    [
      "by a key whose counter does not count, and that demands a new one",
      { forgetsWrongPins: true, forcePINChange: true },
      1,
    ],
  ])("%s", async (_, settings, asked) => {
    const ui = person(
      Array.from({ length: 20 }, () => "000000"),
      undefined,
      { newPins: [newPin, newPin] },
    );
    expect(await rejection(serve({ pin: "123456", ...settings }, ui))).toMatchObject({
      code: expect.stringMatching(/^pin_(auth_blocked|invalid)$/),
    });
    expect(ui.pinRequests).toHaveLength(asked);
  });
});

describe("a login changes nothing on a key", () => {
  /** Logs in on a new key that may be enrolled; gives what the key has afterwards. */
  async function login(settings: Partial<Settings>, ui: Person, enrolled: "enrolled" | "elsewhere" | undefined) {
    await using plugged = await plugIn({ pin: "123456", ...settings, forcePINChange: false });
    const device = await plugged.open();
    let id: string | undefined;
    if (enrolled !== undefined) {
      const options = await creationOptions({
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      });
      ({ id } = await createCredential({ deed: toEnroll, device, origin, ui: person(["123456"]), options }));
    }
    plugged.key.ctap2.pin.forcePINChange = settings.forcePINChange === true;
    const credentialIds = enrolled === "enrolled" && id !== undefined ? [id] : [];
    const options = await requestOptions();
    const attempt = getAssertion({ deed: toLogIn, device, origin, ui, options, credentialIds });
    const { code } = await attempt.then(
      () => ({ code: "ok" }),
      (error: { code: string }) => error,
    );
    return { code, forced: plugged.key.ctap2.pin.forcePINChange, touches: plugged.key.ctap2.touch.waits };
  }

  test("that has no PIN, which cannot be enrolled", async () => {
    const ui = person([], undefined, { newPins: [newPin] });
    await using plugged = await plugIn({});
    const attempt = getAssertion({
      deed: toLogIn,
      device: await plugged.open(),
      origin,
      ui,
      options: await requestOptions(),
    });
    expect(await rejection(attempt)).toMatchObject({
      code: "no_credential",
      message: "Software Security Key is not enrolled: it has no PIN yet. Nothing was changed on it.",
      hint: expect.stringMatching(/vouch keys add.*vouch enroll/),
    });
    expect(ui.newPinRequests).toEqual([]);
    expect(plugged.key.ctap2.pin.isSet).toBe(false);
    expect(plugged.key.ctap2.touch.waits).toBe(0);
  });

  test.each<[string, Partial<Settings>]>([
    ["a key of CTAP 2.1", {}],
    ["a key that always verifies its user", { alwaysUv: true }],
    ["a key that stores no credentials", { capacity: 0 }],
  ])("that demands a new PIN, unless it shows the credential: %s", async (_, settings) => {
    const changing = person(["123456"], undefined, { newPins: [newPin] });
    expect(await login({ ...settings, forcePINChange: true }, changing, "enrolled")).toMatchObject({
      code: "ok",
      forced: false,
    });
    expect(changing.told).toEqual(["new PIN: must_change"]);
  });

  test.each<[string, "elsewhere" | undefined]>([
    ["is not enrolled", undefined],
    ["was enrolled on another machine", "elsewhere"],
  ])("that demands a new PIN and %s, unless the person wants it", async (_, enrolled) => {
    const refusing = person(["123456"], undefined, { newPins: [newPin] });
    expect(await login({ forcePINChange: true }, refusing, enrolled)).toMatchObject({
      code: "no_credential",
      forced: true,
    });
    expect(refusing).toMatchObject({ told: ["no credential is shown"], pinRequests: [] });
    const wanting = person(["123456"], undefined, { newPins: [newPin], changesPin: true });
    expect(await login({ forcePINChange: true }, wanting, enrolled)).toMatchObject({
      code: enrolled === undefined ? "no_credential" : "ok",
      forced: false,
    });
  });
});

describe("a fingerprint key", () => {
  test("uses the PIN when the person prefers it, and stops waiting for the finger", async () => {
    const ui = person(["123456", "123456"], undefined, { prefersPin: true });
    const key = await serve({ pin: "123456", fingerprint: "matches", touchDelayMs: 200 }, ui);
    expect(ui.pinRequests).toMatchObject([{ instead: "wished" }, { instead: "wished" }]);
    expect(key.ctap2.touch.isAwaited).toBe(false);
  });

  test("uses the PIN also where the request itself asks for the finger (CTAP 2.0)", async () => {
    const ui = person(["123456", "123456"], undefined, { prefersPin: true });
    const settings = { pin: "123456", fingerprint: "matches", ctap: "2.0", touchDelayMs: 200 } as const;
    const key = await serve({ ...settings, protocols: [1] }, ui);
    expect(ui.pinRequests).toMatchObject([{ instead: "wished" }, { instead: "wished" }]);
    expect(key.ctap2.pin.uvRetries).toBe(5);
  });

  test("without a PIN offers no other way", async () => {
    const ui = person([], undefined, { prefersPin: true });
    await serve({ fingerprint: "matches", touchDelayMs: 200 }, ui);
    expect(ui.fingerprintRequests).toMatchObject([{ pinPossible: false }, { pinPossible: false }]);
  });

  test("that fails to recognise the finger three times wants the PIN, and reports the remaining tries", async () => {
    const ui = person(["123456", "123456"]);
    await serve({ pin: "123456", fingerprint: "fails" }, ui);
    expect(ui.fingerprintRequests.slice(0, 3)).toMatchObject([
      { wrong: false, retries: undefined },
      { wrong: true, retries: 4 },
      { wrong: true, retries: 3 },
    ]);
    expect(ui.pinRequests).toMatchObject([{ instead: "not_recognised" }, { instead: "not_recognised" }]);
  });

  test("reports how many tries the finger has left", async () => {
    const ui = person(["123456", "123456"]);
    await serve({ pin: "123456", fingerprint: "fails", preferredPlatformUvAttempts: 1 }, ui);
    expect(ui.fingerprintRequests.map(({ wrong }) => wrong)).toEqual([false, false]);
  });

  test("with a blocked sensor wants the PIN, which unblocks it", async () => {
    const ui = person(["123456", "123456"]);
    const key = await serve({ pin: "123456", fingerprint: "fails", preferredPlatformUvAttempts: 9 }, ui);
    expect(ui.fingerprintRequests.slice(0, 5)).toMatchObject([
      { retries: undefined },
      { retries: 4 },
      { retries: 3 },
      { retries: 2 },
      { retries: 1 },
    ]);
    expect(ui.pinRequests[0]).toMatchObject({ instead: "sensor_blocked" });
    expect(key.ctap2.pin.uvRetries).toBe(5);
  });

  test("whose PIN is not permitted for this is verified by the finger", async () => {
    const ui = person([]);
    await serve({ pin: "123456", fingerprint: "matches", noMcGaPermissionsWithClientPin: true }, ui);
    expect(ui.fingerprintRequests[0]).toMatchObject({ pinPossible: false });
  });
});

test.each<[string, Partial<Settings>]>([
  ["with previews of CTAP 2.1", { ctap: "2.1-pre", protocols: [1] }],
  ["of a later CTAP, with enterprise features and options that nobody knows", { ctap: "2.3" }],
])("a key %s serves as any other", async (_, settings) => {
  await serve({ ...settings, pin: "123456" }, person(["123456", "123456"]));
});
