/** A reset of software keys, in the state in which the guide of `vouch keys reset` has them. */
import { describe, expect, test } from "bun:test";
import { isSameKind, resetKey, resettableKind } from "../../../src/fido/management/key-reset.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { rejection } from "../../rejection.ts";

const pin = "123456";
const signal = new AbortController().signal;

test("a reset takes one touch, and leaves neither PIN nor credential", async () => {
  await using plugged = await plugIn({ pin });
  const { ctap2 } = plugged.key;
  ctap2.credentials.create("example.com", { id: Uint8Array.of(1), name: undefined, displayName: undefined }, true, 2);
  const touches: boolean[] = [];
  await resetKey({ device: await plugged.open(), signal, timeoutMs: 60_000, onTouch: (long) => touches.push(long) });
  expect(touches).toEqual([false]);
  expect([ctap2.pin.isSet, ctap2.credentials.all.length]).toEqual([false, 0]);
});

describe("a refused reset is told in words, and nothing is deleted:", () => {
  test.each<[string, Partial<Settings>, { code: string; message: string }]>([
    [
      "too late",
      { resetWindowMs: -1 },
      {
        code: "security_key_error",
        message:
          "Software Security Key takes a reset only in the first seconds after it is plugged in, and they are over. Nothing was deleted.",
      },
    ],
    [
      "declined",
      { declinesReset: true },
      { code: "security_key_error", message: "Software Security Key declines the reset. Nothing was deleted." },
    ],
    [
      "not touched before the key gives up",
      { touch: "withheld", touchTimeoutMs: 1 },
      { code: "touch_timeout", message: "Software Security Key was not touched in time. Nothing was deleted." },
    ],
  ])("%s", async (_, settings, expected) => {
    await using plugged = await plugIn({ pin, ...settings });
    const device = await plugged.open();
    expect(await rejection(resetKey({ device, signal, timeoutMs: 60_000, onTouch: () => {} }))).toMatchObject(expected);
    expect(plugged.key.ctap2.pin.isSet).toBe(true);
  });

  test("cancelled", async () => {
    await using plugged = await plugIn({ pin, touch: "withheld" });
    const cancel = new AbortController();
    const reset = resetKey({
      device: await plugged.open(),
      signal: cancel.signal,
      timeoutMs: 60_000,
      onTouch: () => cancel.abort(),
    });
    expect(await rejection(reset)).toMatchObject({ code: "cancelled" });
    expect(plugged.key.ctap2.pin.isSet).toBe(true);
  });
});

test("a key that takes no reset over USB says so beforehand", async () => {
  await using plugged = await plugIn({ transportsForReset: ["nfc", "ble"] });
  expect(await rejection(resettableKind(await plugged.open(), signal))).toMatchObject({
    code: "security_key_unsupported",
    message: "Software Security Key takes no reset over USB.",
  });
});

test("keys of one model cannot be told apart, those of two models can", async () => {
  const kindOf = async (settings: Partial<Settings>) => {
    await using plugged = await plugIn(settings);
    return await resettableKind(await plugged.open(), signal);
  };
  const one = await kindOf({});
  expect(isSameKind(one, await kindOf({ pin }))).toBe(true);
  expect(isSameKind(one, await kindOf({ aaguid: new Uint8Array(16) }))).toBe(false);
  expect(isSameKind(one, await kindOf({ product: "Another Key" }))).toBe(false);
});
