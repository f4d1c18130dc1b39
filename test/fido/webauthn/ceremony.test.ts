import { describe, expect, test } from "bun:test";
import { CtapError } from "../../../src/fido/ctap2/status.ts";
import type { ErrorCode } from "../../../src/base/errors.ts";
import {
  type AssertionInput,
  type CeremonyInput,
  createCredential,
  getAssertion,
} from "../../../src/fido/webauthn/ceremony.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { type Person, person } from "./person.ts";
import { authenticate, creationOptions, toEnroll, toLogIn, origin, register, requestOptions } from "./relying-party.ts";

type Way = Partial<CeremonyInput> & Pick<CeremonyInput, "device">;

/** Enrols: the ceremony, verified by the relying party. */
async function enroll(way: Way, changes?: Parameters<typeof creationOptions>[0]) {
  const options = await creationOptions(changes);
  return register(options, await createCredential({ deed: toEnroll, ui: person(), origin, options, ...way }));
}

/** Logs in: the ceremony, verified by the relying party; gives the signature counter. */
async function login(
  way: Way & Pick<AssertionInput, "userName">,
  credential: Parameters<typeof authenticate>[2],
  allowed?: { id: string }[],
) {
  const options = await requestOptions(allowed);
  return authenticate(
    options,
    await getAssertion({ deed: toLogIn, ui: person(), origin, options, ...way }),
    credential,
  );
}

describe("the relying party accepts what it gets from", () => {
  test.each<[string, Partial<Settings>, Partial<Person>]>([
    ["a key with both PIN protocols", { pin: "123456" }, {}],
    ["a key with PIN protocol one", { pin: "123456", protocols: [1] }, {}],
    ["a key with PIN protocol two", { pin: "123456", protocols: [2] }, {}],
    ["a CTAP 2.0 key", { pin: "123456", protocols: [1], ctap: "2.0" }, {}],
    ["a key that always verifies its user", { pin: "123456", alwaysUv: true }, {}],
    ["a key that makes credentials without verification", { pin: "123456", makeCredUvNotRqd: true }, {}],
    ["a fingerprint key", { fingerprint: "matches" }, {}],
    ["a fingerprint key of CTAP 2.0", { fingerprint: "matches", ctap: "2.0", protocols: [1] }, {}],
    ["a fingerprint key that does not know the finger", { fingerprint: "fails", pin: "123456" }, {}],
    [
      "a CTAP 2.0 fingerprint key that does not know the finger",
      { fingerprint: "fails", pin: "123456", ctap: "2.0" },
      {},
    ],
    ["a key that takes its time", { pin: "123456", touchDelayMs: 250 }, {}],
  ])("%s", async (_, settings) => {
    await using plugged = await plugIn(settings);
    const device = await plugged.open();
    const { credential, fmt } = await enroll({ device });
    expect(fmt).toBe("packed");
    expect(credential.transports).toEqual(["usb"]);
    const first = await login({ device }, credential);
    expect(await login({ device }, credential)).toBeGreaterThan(first);
  });
});

test("the person is asked for the PIN once and told once to touch", async () => {
  await using plugged = await plugIn({ pin: "123456", touchDelayMs: 250 });
  const device = await plugged.open();
  const ui = person();
  await enroll({ device, ui });
  expect(ui.pinRequests).toEqual([{ retries: 8, wrong: false, minLength: 4, mustChange: false, instead: undefined }]);
  expect(ui.touches).toEqual(["Software Security Key"]);
});

test("a fingerprint key is used without its PIN", async () => {
  await using plugged = await plugIn({ pin: "123456", fingerprint: "matches" });
  const ui = person([]);
  await enroll({ device: await plugged.open(), ui });
  expect(ui.fingerprintRequests).toEqual([
    { product: "Software Security Key", pinPossible: true, wrong: false, retries: undefined },
  ]);
  expect(ui.touches).toEqual([]);
});

test("an accent in the PIN is normalised before it is sent to the key", async () => {
  await using plugged = await plugIn({ pin: "caf\u00e9" });
  await enroll({ device: await plugged.open(), ui: person(["cafe\u0301"]) });
});

test("without attestation the key's statement is not sent to the server", async () => {
  await using plugged = await plugIn({ pin: "123456" });
  const { fmt, aaguid } = await enroll({ device: await plugged.open() }, { attestationType: "none" });
  expect(fmt).toBe("none");
  expect(aaguid).toBe("76f0c4a1-b7d2-4e53-a5a1-f1d05e0f7ec0");
});

describe("PINs that are wrong", () => {
  test("are asked for again, with the remaining tries", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const ui = person(["000000", "111111", "123456"]);
    await enroll({ device: await plugged.open(), ui });
    expect(ui.pinRequests.map(({ retries, wrong }) => [retries, wrong])).toEqual([
      [8, false],
      [7, true],
      [6, true],
    ]);
  });

  test("three in a row, need the key to be plugged in again, and eight in all block it", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const enrolled = await enroll({ device: await plugged.open() });
    const attempt = async (...pins: string[]) =>
      rejection(login({ device: await plugged.open(), ui: person(pins) }, enrolled.credential));

    expect(await attempt("0000", "0000", "0000")).toMatchObject({ code: "pin_auth_blocked" });
    expect(await attempt("123456")).toMatchObject({ code: "pin_auth_blocked" });
    plugged.key.powerCycle();
    expect(await attempt("0000", "0000", "0000")).toMatchObject({ code: "pin_auth_blocked" });
    plugged.key.powerCycle();
    expect(await attempt("0000", "0000")).toMatchObject({ code: "pin_blocked" });
    expect(await attempt("123456")).toMatchObject({ code: "pin_blocked" });
  });

  test("because they are too short use up no try", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    expect(await rejection(enroll({ device, ui: person(["123"]) }))).toMatchObject({ code: "pin_policy" });
    expect(plugged.key.ctap2.pin.pinRetries).toBe(8);
  });

  test("are decided by the key: one may be shorter than a minimum that was raised later", async () => {
    await using plugged = await plugIn({ pin: "1234", minPINLength: 6 });
    await enroll({ device: await plugged.open(), ui: person(["1234"]) });
  });
});

describe("a touch", () => {
  test("that is withheld ends with touch_timeout and leaves the key free", async () => {
    await using plugged = await plugIn({ pin: "123456", touch: "withheld" });
    const device = await plugged.open();
    expect(await rejection(enroll({ device, timeoutMs: 150 }))).toMatchObject({
      code: "touch_timeout",
      message: "Software Security Key was not touched in time.",
    });
    expect(plugged.key.ctap2.touch.isAwaited).toBe(false);
    plugged.key.settings.touch = "auto";
    await enroll({ device });
  });

  test("is waited for longer than the key waits, with the PIN asked for only once", async () => {
    await using plugged = await plugIn({ pin: "123456", touch: "withheld", touchTimeoutMs: 150 });
    const ui = person();
    const { touch } = plugged.key.ctap2;
    const enrolling = enroll({ device: await plugged.open(), ui });
    while (touch.waits < 3) await Bun.sleep(5);
    touch.press();
    await enrolling;
    expect(ui.pinRequests).toHaveLength(1);
    expect(ui.touches).toHaveLength(1);
  });

  test("is cancelled on the key by an abort", async () => {
    await using plugged = await plugIn({ pin: "123456", touch: "withheld" });
    const device = await plugged.open();
    const controller = new AbortController();
    const ui = { ...person(), touch: () => controller.abort() };
    expect(await rejection(enroll({ device, ui, signal: controller.signal }))).toMatchObject({ code: "cancelled" });
    expect(plugged.key.ctap2.touch.isAwaited).toBe(false);
  });

  test("that never comes because the key is pulled out ends with an error at once", async () => {
    await using plugged = await plugIn({ pin: "123456", touch: "withheld" });
    const ui = { ...person(), touch: () => plugged.key.powerCycle() };
    expect(await rejection(enroll({ device: await plugged.open(), ui }))).toMatchObject({
      code: "security_key_removed",
    });
  });
});

describe("the credentials", () => {
  test("of one account are not made twice on one key", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const { credential } = await enroll({ device });
    const error = await rejection(enroll({ device }, { excludeCredentials: [credential] }));
    expect(error).toMatchObject({ code: "credential_excluded", hint: expect.stringContaining("vouch login") });
  });

  test("are found in lists that are too long for one message", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const { credential } = await enroll({ device });
    const strangers = Array.from({ length: 30 }, (_, index) => ({
      id: Buffer.alloc(64, index + 1).toString("base64url"),
    }));
    const tooLong = { id: Buffer.alloc(200).toString("base64url") };
    await login({ device }, credential, [...strangers, tooLong, credential]);
    expect(await rejection(login({ device }, credential, strangers))).toMatchObject({ code: "no_credential" });
    const again = await rejection(enroll({ device }, { excludeCredentials: [...strangers, credential] }));
    expect(again).toMatchObject({ code: "credential_excluded" });
    await enroll({ device }, { excludeCredentials: strangers });
  });

  test("of another key are not found", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    await using other = await plugIn({ pin: "123456" });
    const { credential } = await enroll({ device: await plugged.open() });
    expect(await rejection(login({ device: await other.open() }, credential))).toMatchObject({
      code: "no_credential",
      hint: expect.stringContaining("vouch enroll"),
    });
  });

  test("of several accounts are chosen by the person, who is proposed the own one; else that or the newest is used", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const names = ["first@example.com", "second@example.com", "third@example.com"];
    const enrolled = [];
    for (const userName of names) enrolled.push(await enroll({ device }, { userName }));
    const [first, , third] = enrolled;
    if (first === undefined || third === undefined) throw new Error("three accounts were enrolled");
    const ui = person(undefined, 2);
    await login({ device, ui }, first.credential);
    expect(ui.accounts.map(({ name }) => name)).toEqual(names.toReversed());
    expect(ui.own).toBeUndefined();
    await login({ device }, third.credential);
    const another = person(undefined, 2);
    await login({ device, ui: another, userName: "second@example.com" }, first.credential);
    expect(another.own).toBe(1);
    await login({ device, userName: "first@example.com" }, first.credential);
    await login({ device, userName: "nobody@example.com" }, third.credential);
  });

  test("need room on the key", async () => {
    await using plugged = await plugIn({ pin: "123456", capacity: 1 });
    const device = await plugged.open();
    await enroll({ device });
    expect(await rejection(enroll({ device, ui: person(["123456", "123456"]) }))).toMatchObject({
      code: "security_key_full",
    });
  });
});

describe("before anything is asked of the person, a key is refused", () => {
  test.each<[string, Partial<Settings>, ErrorCode, string]>([
    ["no PIN is set, and none is to be set", {}, "pin_not_set", "has no PIN"],
    [
      "the PIN is not for this",
      { pin: "123456", noMcGaPermissionsWithClientPin: true },
      "security_key_unsupported",
      "cannot verify",
    ],
    [
      "the PIN is not for this and the sensor knows no finger",
      { pin: "123456", noMcGaPermissionsWithClientPin: true, fingerprint: "unenrolled" },
      "security_key_unsupported",
      "neither a fingerprint",
    ],
    ["it stores no credentials", { pin: "123456", capacity: 0 }, "security_key_unsupported", "cannot store"],
  ])("since %s", async (_, settings, code, message) => {
    await using plugged = await plugIn(settings);
    const error = await rejection(enroll({ device: await plugged.open(), ui: person([]) }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("a key that does not recognise the finger and has no PIN cannot verify", async () => {
    await using plugged = await plugIn({ fingerprint: "fails" });
    const error = await rejection(enroll({ device: await plugged.open(), ui: person([]) }));
    expect(error).toMatchObject({ code: "user_verification_failed" });
    expect(error).toBeInstanceOf(CtapError);
  });
});

describe("a ceremony refuses options", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "of another host",
      { rp: { id: "evil.example", name: "Vouch" } },
      "expected the RP ID vouch.example.com, got evil.example",
    ],
    ["of a parent domain", { rp: { id: "example.com", name: "Vouch" } }, "got example.com"],
    ["with a short challenge", { challenge: "AAAA" }, "challenge: Expected 16 to 1024 bytes"],
    ["with a challenge that is not base64url", { challenge: "+".repeat(43) }, "challenge: Expected base64url text"],
    ["without a user", { user: undefined }, "user"],
    ["with a user id of 65 bytes", { user: { id: "A".repeat(87), name: "dev" } }, "user.id"],
    [
      "with endless lists",
      { excludeCredentials: Array.from({ length: 257 }, () => ({ id: "AA", type: "public-key" })) },
      "excludeCredentials",
    ],
  ])("%s", async (_, changes, message) => {
    await using plugged = await plugIn({ pin: "123456" });
    const options = { ...(await creationOptions()), ...changes };
    const error = await rejection(
      createCredential({ deed: toEnroll, device: await plugged.open(), options, origin, ui: person() }),
    );
    expect(error).toMatchObject({ code: "protocol_error", message: expect.stringContaining(message) });
  });

  test("of another host when logging in", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const options = { ...(await requestOptions()), rpId: "evil.example" };
    const error = await rejection(
      getAssertion({ deed: toLogIn, device: await plugged.open(), options, origin, ui: person() }),
    );
    expect(error).toMatchObject({ code: "protocol_error", message: expect.stringContaining("got evil.example") });
  });
});
