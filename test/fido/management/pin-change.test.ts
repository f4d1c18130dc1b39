/** Setting and changing the PIN of software keys at the person's wish. */
import { describe, expect, test } from "bun:test";
import { setOrChangePin } from "../../../src/fido/management/pin-change.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";
import { person } from "../webauthn/person.ts";

const pin = "123456";
const newPin = "correct horse";

async function change(settings: Partial<Settings>, pins: string[], newPins: string[]) {
  await using plugged = await plugIn(settings);
  const ui = person(pins, undefined, { newPins });
  const result = await setOrChangePin({ device: await plugged.open(), ui }).catch((error: unknown) => error);
  return { result, ui, pin: plugged.key.ctap2.pin };
}

test.each<[string, Partial<Settings>]>([
  ["protocol two", {}],
  ["protocol one of CTAP 2.0", { ctap: "2.0", protocols: [1] }],
  ["a key whose PIN is not for logins", { noMcGaPermissionsWithClientPin: true }],
])("a first PIN is set, and then changed, with %s", async (_, settings) => {
  await using plugged = await plugIn(settings);
  const device = await plugged.open();
  const begun: string[] = [];
  const onBegin = (write: string) => void begun.push(write);
  expect(await setOrChangePin({ device, ui: person([], undefined, { newPins: [newPin] }), onBegin })).toBe("set");
  const ui = person([newPin], undefined, { newPins: ["battery staple"] });
  expect(await setOrChangePin({ device, ui, onBegin })).toBe("change");
  expect(begun).toEqual(["set", "change"]);
  expect(plugged.key.ctap2.pin.pinRetries).toBe(8);
});

test("a wrong present PIN costs one try, and is asked for again", async () => {
  const { result, ui } = await change({ pin }, ["000000", pin], [newPin]);
  expect(result).toBe("change");
  expect(ui.pinRequests.map(({ retries, wrong }) => [retries, wrong])).toEqual([
    [8, false],
    [7, true],
  ]);
});

test("a new PIN has 8 characters, or what the key wants, or is asked for again", async () => {
  const short = await change({}, [], ["1234567", newPin]);
  expect(short.ui.newPinRequests.map(({ minLength, fault }) => [minLength, fault?.kind])).toEqual([
    [8, undefined],
    [8, "too_short"],
  ]);
  const own = await change({ minPINLength: 12 }, [], ["12345678901", "123456789012"]);
  expect(own.ui.newPinRequests.map(({ minLength }) => minLength)).toEqual([12, 12]);
  const long = await change({}, [], ["é".repeat(32), newPin]);
  expect(long.ui.newPinRequests[1]?.fault).toEqual({ kind: "too_long", size: 64, maxSize: 63 });
});

describe("what is no longer possible is told:", () => {
  test("three wrong PINs in a row need the key to be taken out", async () => {
    const { result, pin: state } = await change({ pin }, ["000000", "111111", "222222"], [newPin]);
    expect(result).toMatchObject({ code: "pin_auth_blocked" });
    expect(state.pinRetries).toBe(5);
  });

  test("a blocked PIN needs a reset", async () => {
    await using plugged = await plugIn({ pin });
    plugged.key.ctap2.pin.pinRetries = 0;
    const ui = person([pin], undefined, { newPins: [newPin] });
    expect(await rejection(setOrChangePin({ device: await plugged.open(), ui }))).toMatchObject({
      code: "pin_blocked",
      hint: expect.stringContaining("`vouch keys reset`"),
    });
    expect(ui.pinRequests).toEqual([]);
  });

  test("a key that does not count wrong PINs is not tried for ever", async () => {
    const { result } = await change({ pin, forgetsWrongPins: true }, ["000000", "111111"], [newPin]);
    expect(result).toMatchObject({ code: "pin_invalid" });
  });

  test("a key that demands a new PIN takes the old one as no new one", async () => {
    const { result, ui } = await change({ pin: "12345678", forcePINChange: true }, ["12345678"], ["12345678", newPin]);
    expect(result).toBe("change");
    expect(ui.newPinRequests[1]?.fault).toEqual({ kind: "refused" });
    expect(ui.pinRequests[0]?.mustChange).toBe(true);
  });
});
