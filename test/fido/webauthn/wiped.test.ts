/** What is left of a PIN, of shared secrets and of tokens in the buffers of a ceremony: zeros. */
import { createHash, hkdfSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { LineEditor } from "../../../src/cli/terminal/line-editor.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { KeyAgreement, type Shared } from "../../authenticator/ctap2/pin/pin-protocol.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { type Person, person } from "./person.ts";
import { creationOptions, toEnroll, toLogIn, origin, requestOptions } from "./relying-party.ts";

const pin = "123456";
const newPin = "correct horse";

/** Every buffer that was filled with zeros, and what was in it before. */
let wiped: { buffer: Uint8Array; before: Uint8Array }[];
/** Every buffer into which a text was encoded. */
let encoded: Uint8Array[];
/** What the key has agreed on, in hexadecimal. */
let agreed: Shared[];
let spies: { mockRestore(): void }[];

/** A method of a prototype, to be called with `this` by its replacement. */
function methodOf(prototype: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)!.value;
}

beforeEach(() => {
  wiped = [];
  agreed = [];
  encoded = [];
  const prototypes: Uint8Array[] = [Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, Buffer.prototype];
  const owners = prototypes.filter((prototype) => Object.hasOwn(prototype, "fill"));
  const fills = owners.map((prototype) => {
    const fill = methodOf(prototype, "fill") as (...given: unknown[]) => Uint8Array<ArrayBuffer>;
    return spyOn(prototype, "fill").mockImplementation(function (this: Uint8Array, ...given) {
      if (given[0] === 0) wiped.push({ buffer: this, before: Uint8Array.from(this) });
      return Reflect.apply(fill, this, given);
    });
  });
  const encode = methodOf(TextEncoder.prototype, "encode") as (text?: string) => Uint8Array<ArrayBuffer>;
  const encodes = spyOn(TextEncoder.prototype, "encode").mockImplementation(function (this: TextEncoder, text) {
    const bytes = Reflect.apply(encode, this, [text]);
    if (text === pin || text === newPin) encoded.push(bytes);
    return bytes;
  });
  const decapsulate = methodOf(KeyAgreement.prototype, "decapsulate") as KeyAgreement["decapsulate"];
  const agreements = spyOn(KeyAgreement.prototype, "decapsulate").mockImplementation(function (
    this: KeyAgreement,
    ...given
  ) {
    const shared = Reflect.apply(decapsulate, this, given);
    // Copies: the key's own buffers are not in question.
    agreed.push({ version: shared.version, hmac: Buffer.from(shared.hmac), aes: Buffer.from(shared.aes) });
    return shared;
  });
  spies = [...fills, encodes, agreements];
});
afterEach(() => {
  for (const spy of spies) spy.mockRestore();
});

/** Enrols and logs in on a key; gives every token that it issued, in hexadecimal. */
async function perform(settings: Partial<Settings>, ui: Person): Promise<string[]> {
  await using plugged = await plugIn(settings);
  const tokens: string[] = [];
  const state = plugged.key.ctap2.pin;
  const issueToken = state.issueToken.bind(state);
  state.issueToken = (...given) => {
    const token = issueToken(...given);
    tokens.push(token.toHex());
    return token;
  };
  const device = await plugged.open();
  await createCredential({ deed: toEnroll, device, origin, ui, options: await creationOptions() }).catch(() => {});
  await getAssertion({ deed: toLogIn, device, origin, ui, options: await requestOptions() }).catch(() => {});
  return tokens;
}

const contents = () => new Set(wiped.map(({ before }) => before.toHex()));
const digest = (text: string) => createHash("sha256").update(text).digest("hex");
const padded = (text: string) =>
  Buffer.concat([Buffer.from(text), Buffer.alloc(64)])
    .subarray(0, 64)
    .toString("hex");

function expectPinWiped(text: string): void {
  const found = contents();
  // The PIN itself, what is made of it, and what of that is sent.
  for (const form of [Buffer.from(text).toString("hex"), digest(text), digest(text).slice(0, 32)]) {
    expect({ form, wiped: found.has(form) }).toEqual({ form, wiped: true });
  }
}

/** Each buffer on its own: the PIN is encoded several times. */
function expectZeros(): void {
  expect(encoded.length).toBeGreaterThan(0);
  for (const buffer of [...encoded, ...wiped.map((one) => one.buffer)]) {
    expect(buffer.every((byte) => byte === 0)).toBe(true);
  }
}

/** Every key that was agreed on, and the point's coordinate from which it was derived. */
function expectSecretsWiped(): void {
  const found = contents();
  expect(agreed.length).toBeGreaterThan(0);
  for (const { version, hmac, aes } of agreed) {
    expect([hmac, aes].map((key) => found.has(key.toString("hex")))).toEqual([true, true]);
    const derive = (z: Uint8Array) =>
      version === 1
        ? createHash("sha256").update(z).digest()
        : Buffer.from(hkdfSync("sha256", z, Buffer.alloc(32), "CTAP2 HMAC key", 32));
    expect(wiped.some(({ before }) => before.length === 32 && derive(before).equals(hmac))).toBe(true);
  }
}

describe.each([1, 2] as const)("in PIN/UV auth protocol %i", (protocol) => {
  const protocols = [protocol];

  test.each<[string, Partial<Settings>, () => Person]>([
    ["the PIN is right", {}, () => person([pin, pin])],
    ["the PIN is wrong once", {}, () => person([pin.replace("1", "2"), pin, pin])],
    ["the key is of CTAP 2.0", { ctap: "2.0" }, () => person([pin, pin])],
    ["the touch does not come", { touchTimeoutMs: 1, touch: "withheld" }, () => person([pin, pin])],
  ])("PIN, secrets and tokens are overwritten with zeros: %s", async (_, settings, ui) => {
    const tokens = await perform({ ...settings, pin, protocols }, ui());
    expectPinWiped(pin);
    expectSecretsWiped();
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) expect(contents().has(token)).toBe(true);
    expectZeros();
  });

  test.each<[string, Partial<Settings>, () => Person, string[]]>([
    ["is set", {}, () => person([newPin], undefined, { newPins: [newPin] }), [newPin]],
    [
      "is changed",
      { pin, forcePINChange: true },
      () => person([pin, newPin], undefined, { newPins: [newPin] }),
      [pin, newPin],
    ],
  ])("a PIN that %s is overwritten with zeros", async (_, settings, ui, pins) => {
    await perform({ ...settings, protocols }, ui());
    for (const text of pins) expectPinWiped(text);
    expect(contents().has(padded(newPin))).toBe(true);
    expectSecretsWiped();
    expectZeros();
  });
});

describe("the buffer in which a PIN is typed is overwritten with zeros", () => {
  test.each<[string, number[]]>([
    ["after Enter", [0x0d]],
    ["after Ctrl-C", [0x03]],
    ["after Ctrl-U", [0x15]],
    ["after Ctrl-W", [0x17]],
    ["after Backspace over all of it, and Enter", [...Array<number>(6).fill(0x7f), 0x0d]],
    ["after what is not UTF-8, and Enter", [0xff, 0x0d]],
    ["after more than it takes", Array<number>(1024 - pin.length + 1).fill(0x61)],
  ])("%s", (_, keys) => {
    const alloc = spyOn(Buffer, "alloc");
    const editor = new LineEditor();
    const line = alloc.mock.results[0]!.value as Buffer;
    alloc.mockRestore();
    for (const byte of [...Buffer.from(pin), ...keys]) editor.feed(byte);
    expect(line.every((byte) => byte === 0)).toBe(true);
  });
});
