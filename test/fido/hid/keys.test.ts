import { describe, expect, test } from "bun:test";
import { getInfo } from "../../../src/fido/ctap2/get-info.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { openSecurityKey, probeSecurityKeys } from "../../../src/fido/hid/keys.ts";
import type { HidDeviceInfo, HidTransport } from "../../../src/fido/hid/transport.ts";
import { modelOf } from "../../../src/fido/webauthn/authenticator-model.ts";
import { plugIn, type PluggedIn } from "../../authenticator/plugged-in.ts";
import { transport } from "../../authenticator/transport.ts";
import { rejection } from "../../rejection.ts";

/** Lists these keys, the first time and later, and opens them as the sandbox does. */
function listing(...lists: HidDeviceInfo[][]): HidTransport {
  let asked = 0;
  return { ...transport, list: () => Promise.resolve(lists[Math.min(asked++, lists.length - 1)] ?? []) };
}

/** How many of the keys wait for a touch. */
function blinking(...plugged: PluggedIn[]): number {
  return plugged.filter(({ key }) => key.ctap2.touch.isAwaited).length;
}

test("every key that is plugged in is probed without a touch", async () => {
  await using plugged = await plugIn({ product: "FIDO2 Key", touch: "withheld" });
  await using old = await plugIn({ product: "Old Key", ctap: "u2f" });
  const gone = { path: `${plugged.info.path}.gone`, product: "Gone Key", vendorId: 1, productId: 2 };
  expect(await probeSecurityKeys(undefined, listing([plugged.info, old.info, gone]))).toEqual([
    { product: "FIDO2 Key", state: { pin: "not_set", forcePINChange: false, builtIn: "absent" } },
    { product: "Old Key", error: expect.objectContaining({ code: "security_key_unsupported" }) },
    { product: "Gone Key", error: expect.objectContaining({ code: "security_key_removed" }) },
  ]);
});

test("a key is asked for the state of its PIN and its sensor, which uses up no tries", async () => {
  const yubiKey = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");
  await using plugged = await plugIn({ pin: "123456", aaguid: yubiKey, fingerprint: "unenrolled" });
  const probe = async () => (await probeSecurityKeys(modelOf, listing([plugged.info])))[0];
  const state = { pin: "set", forcePINChange: false, builtIn: "unenrolled", pinRetries: 8, powerCycleState: false };
  expect(await probe()).toEqual({ product: "YubiKey 5 Series with NFC", state } as never);
  plugged.key.ctap2.pin.pinRetries = 0;
  plugged.key.ctap2.pin.forcePINChange = true;
  Object.assign(plugged.key.settings, { fingerprint: "matches" });
  plugged.key.ctap2.pin.uvRetries = 0;
  expect(await probe()).toMatchObject({ state: { pinRetries: 0, forcePINChange: true, builtIn: "blocked" } });
});

test("keys are named by their models, also those of one model", async () => {
  const aaguid = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");
  await using first = await plugIn({ aaguid });
  await using second = await plugIn({ aaguid });
  const infos = [first, second].map(({ info }, index) =>
    Object.assign(structuredClone(info), { product: "YubiKey", serialNumber: `${index}` }),
  );
  const names = (await probeSecurityKeys(modelOf, listing(infos))).map(({ product }) => product);
  expect(names).toEqual(["YubiKey 5 Series with NFC (serial 0)", "YubiKey 5 Series with NFC (serial 1)"]);
  const device = await openSecurityKey({ modelOf, transport: listing([infos[0]!]) });
  expect(device).toMatchObject({ product: "YubiKey 5 Series with NFC", usbProduct: "YubiKey" });
  first.key.powerCycle();
  // Its errors have the same name.
  expect(await rejection(getInfo(device))).toMatchObject({ message: "YubiKey 5 Series with NFC was taken out." });
});

test("the only key is opened without a touch", async () => {
  await using plugged = await plugIn({ touch: "withheld" });
  const device = await openSecurityKey({ transport: listing([plugged.info]) });
  expect((await getInfo(device)).versions).toContain("FIDO_2_1");
  await device.close();
});

test("a key that is plugged in later is waited for", async () => {
  await using plugged = await plugIn();
  let waiting = 0;
  const device = await openSecurityKey({ transport: listing([], [plugged.info]), onWaiting: () => (waiting += 1) });
  expect(waiting).toBe(1);
  await device.close();
});

test("a key that was just plugged in may be inaccessible for a moment", async () => {
  await using plugged = await plugIn();
  const refusal = new VouchError("security_key_permission", "not yet");
  let opened = 0;
  const slow = {
    ...listing([], [plugged.info]),
    open: (info: HidDeviceInfo) => (opened++ === 0 ? Promise.reject(refusal) : transport.open(info)),
  };
  await (await openSecurityKey({ transport: slow })).close();
  expect(opened).toBe(2);
});

test("without a key the wait ends with security_key_missing", async () => {
  expect(await rejection(openSecurityKey({ transport: listing([]), timeoutMs: 0 }))).toMatchObject({
    code: "security_key_missing",
    hint: expect.stringContaining("Plug in"),
  });
});

test("Ctrl-C ends the wait for a key", async () => {
  const controller = new AbortController();
  const opening = openSecurityKey({
    transport: listing([]),
    signal: controller.signal,
    onWaiting: () => controller.abort(),
  });
  expect(await rejection(opening)).toMatchObject({ code: "cancelled" });
});

test("a key that speaks only U2F is refused, and passed over when there is another", async () => {
  await using old = await plugIn({ ctap: "u2f" });
  await using plugged = await plugIn({ product: "FIDO2 Key" });
  expect(await rejection(openSecurityKey({ transport: listing([old.info]) }))).toMatchObject({
    code: "security_key_unsupported",
  });
  const device = await openSecurityKey({ transport: listing([old.info, plugged.info]) });
  expect(device.product).toBe("FIDO2 Key");
  await device.close();
});

describe("of several keys that blink", () => {
  test.each(["2.1", "2.0"] as const)(
    "the one that is touched is used, the others stop blinking (CTAP %s)",
    async (ctap) => {
      await using first = await plugIn({ product: "First", touch: "withheld", ctap });
      await using second = await plugIn({ product: "Second", touch: "withheld", ctap });
      const offered: string[][] = [];
      const opening = openSecurityKey({
        transport: listing([first.info, second.info]),
        onSelect: (products) => void offered.push(products),
      });
      while (blinking(first, second) < 2) await Bun.sleep(5);
      second.key.ctap2.touch.press();
      const device = await opening;
      expect(device.product).toBe("Second");
      expect(offered).toEqual([["First", "Second"]]);
      expect(blinking(first, second)).toBe(0);
      await device.close();
    },
  );

  test("pulling one out does not end the choice", async () => {
    await using first = await plugIn({ product: "First", touch: "withheld" });
    await using second = await plugIn({ product: "Second", touch: "withheld" });
    const opening = openSecurityKey({ transport: listing([first.info, second.info]) });
    while (blinking(first, second) < 2) await Bun.sleep(5);
    first.key.powerCycle();
    second.key.ctap2.touch.press();
    const device = await opening;
    expect(device.product).toBe("Second");
    await device.close();
  });

  test("one that stops blinking is asked again", async () => {
    await using first = await plugIn({ touch: "withheld", touchTimeoutMs: 50 });
    await using second = await plugIn({ touch: "withheld" });
    const opening = openSecurityKey({ transport: listing([first.info, second.info]) });
    while (first.key.ctap2.touch.waits < 3) await Bun.sleep(5);
    first.key.ctap2.touch.press();
    await (await opening).close();
  });

  test("none is used when none is touched in time", async () => {
    await using first = await plugIn({ touch: "withheld" });
    await using second = await plugIn({ touch: "withheld" });
    const opening = openSecurityKey({ transport: listing([first.info, second.info]), timeoutMs: 100 });
    expect(await rejection(opening)).toMatchObject({ code: "touch_timeout" });
    expect(blinking(first, second)).toBe(0);
  });

  test("all stop blinking on Ctrl-C", async () => {
    await using first = await plugIn({ touch: "withheld" });
    await using second = await plugIn({ touch: "withheld" });
    const controller = new AbortController();
    const opening = openSecurityKey({ transport: listing([first.info, second.info]), signal: controller.signal });
    while (blinking(first, second) < 2) await Bun.sleep(5);
    controller.abort();
    expect(await rejection(opening)).toMatchObject({ code: "cancelled" });
    expect(blinking(first, second)).toBe(0);
  });
});
