import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { describeKey, modelOf } from "../../../src/fido/webauthn/authenticator-model.ts";
import { cleanKeyName, normalizeKeyName, numberKeyName } from "../../../src/fido/webauthn/key-name.ts";

test.each([
  [" work ", "work"],
  ["cafe\u0301", "caf\u00e9"],
  ["a\tb", undefined],
  ["", undefined],
  ["x".repeat(65), undefined],
  ["🔑".repeat(64), "🔑".repeat(64)],
])("the key name %j is kept as %j", (text, name) => {
  expect(normalizeKeyName(text)).toBe(name);
});

test("a device's own name becomes a valid key name, or none", () => {
  expect(cleanKeyName(" YubiKey\u0000OTP\u001b[31m ")).toBe("YubiKey OTP [31m");
  expect(cleanKeyName("\u0000\u0001")).toBeUndefined();
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      const name = cleanKeyName(text);
      if (name !== undefined) expect(normalizeKeyName(name)).toBe(name);
    }),
  );
});

describe("numbering key names", () => {
  test("continues while a name is taken, within the length limit", () => {
    expect(numberKeyName("key", [])).toBe("key");
    expect(numberKeyName("key", ["key", "key 2", "key 4"])).toBe("key 3");
    const long = "x".repeat(64);
    expect(numberKeyName(long, [long])).toBe(`${"x".repeat(62)} 2`);
  });
});

test.each([
  ["2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5 Series with NFC"],
  ["a25342c0-3cdc-4414-8e46-f4807fca511c", "YubiKey 5 Series with NFC"],
  ["d8522d9f-575b-4866-88a9-ba99fa02f35b", "YubiKey Bio Series - FIDO Edition"],
  ["42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3", "Google Titan Security Key v2"],
  ["2cd2f727-f6ca-44da-8f48-5c2e5da000a2", "Nitrokey 3 AM"],
  ["00000000-0000-0000-0000-000000000000", undefined],
  ["toString", undefined],
])("the model of the AAGUID %s is found", (aaguid, model) => {
  expect(modelOf(aaguid)).toBe(model);
});

test("a key whose model is unknown is called by its product name, else a security key", () => {
  const unknown = "00000000-0000-0000-0000-000000000000";
  expect(describeKey(unknown, "Odd Key")).toBe("Odd Key");
  expect(describeKey(unknown, undefined)).toBe("security key");
  expect(describeKey("2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey FIDO")).toBe("YubiKey 5 Series with NFC");
});
