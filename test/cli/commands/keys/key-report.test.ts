/** What `vouch keys info` makes of software keys of every kind, and of keys that tell nonsense. */
import { describe, expect, test } from "bun:test";
import { reportJson, reportLines } from "../../../../src/cli/commands/keys/key-report.ts";
import { render } from "../../../../src/cli/terminal/terminal.ts";
import type { AuthenticatorInfo } from "../../../../src/fido/ctap2/get-info.ts";
import { type DescribedKey, describeSecurityKeys } from "../../../../src/fido/hid/keys.ts";
import { modelOf } from "../../../../src/fido/webauthn/authenticator-model.ts";
import { plugIn, type PluggedIn } from "../../../authenticator/plugged-in.ts";
import type { Settings } from "../../../authenticator/settings.ts";
import { transport } from "../../../authenticator/transport.ts";

async function described({ info }: PluggedIn): Promise<DescribedKey> {
  const [key] = await describeSecurityKeys(modelOf, { ...transport, list: () => Promise.resolve([info]) });
  return key!;
}

async function describe1(settings: Partial<Settings>): Promise<DescribedKey> {
  await using plugged = await plugIn(settings);
  return await described(plugged);
}

const pin = "123456";
const yubiKey = Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a");

test("a key is described without a touch, and nothing on it changes", async () => {
  await using plugged = await plugIn({ pin, touch: "withheld", aaguid: yubiKey, capacity: 2 });
  const lines = reportLines(await described(plugged));
  expect(lines).toEqual([
    "YubiKey 5 Series with NFC",
    "  model        YubiKey 5 Series with NFC (claimed by its AAGUID; its USB name is Software Security Key)",
    "  AAGUID       2fc0579f-8113-47ea-b116-bb5a8db9202a",
    "  firmware     1",
    "  CTAP         FIDO_2_0, FIDO_2_1_PRE, FIDO_2_1",
    "  PIN          set, 8 tries are left; a new one has at least 8 characters",
    "  fingerprint  no sensor",
    "  room         2 more credentials; takes 8 credential ids in one request",
    "  algorithms   ES256",
    "  extensions   credProtect, hmac-secret, minPinLength",
    "  transports   usb",
    "  Vouch asks it for its PIN.",
    "  It stores its credential: enrolled once, it logs in on every machine.",
    "  Its PIN shows which credentials of Vouch it holds: `vouch keys clean` lists and deletes them.",
  ]);
  expect(plugged.key.ctap2.touch.waits).toBe(0);
  expect(plugged.key.ctap2.pin.pinRetries).toBe(8);
});

describe("in words, what Vouch can use of a key", () => {
  test.each<[string, Partial<Settings>, boolean, string]>([
    ["without a PIN", {}, false, "It has no PIN yet: `vouch keys pin` sets one, `vouch enroll` does so on the way."],
    ["with a finger", { pin, fingerprint: "matches" }, true, "Vouch asks it for your finger, or for its PIN."],
    [
      "with a PIN that is not for logins",
      { pin, fingerprint: "unenrolled", noMcGaPermissionsWithClientPin: true },
      false,
      "Vouch cannot use it: it cannot verify its user by a PIN or a finger.",
    ],
    [
      "that stores nothing",
      { pin, capacity: 0 },
      true,
      "No resident credentials: this key logs in only on machines whose settings know its credential's id.",
    ],
    [
      "that demands a new PIN",
      { pin, forcePINChange: true },
      true,
      "It demands a new PIN before it is used: `vouch keys pin` changes it.",
    ],
    [
      "that always verifies its user",
      { pin, alwaysUv: true },
      true,
      "It verifies you for everything: what takes a touch of other keys takes its PIN or your finger, too.",
    ],
    [
      "of CTAP 2.0",
      { pin, ctap: "2.0", protocols: [1] },
      true,
      "It cannot list or delete single credentials: only a reset empties it (`vouch keys reset`).",
    ],
    [
      "of before CTAP 2.1 was final",
      { pin, ctap: "2.1-pre", protocols: [1] },
      true,
      "Its PIN shows which credentials of Vouch it holds: `vouch keys clean` lists and deletes them.",
    ],
  ])("%s", async (_, settings, usable, remark) => {
    const key = await describe1(settings);
    expect(reportLines(key)).toContain(`  ${remark}`);
    expect(reportJson(key)).toMatchObject({ vouch: { usable, remarks: expect.arrayContaining([remark]) } });
  });

  test("whose PIN is blocked, or waits for the key to be plugged in again", async () => {
    await using plugged = await plugIn({ pin });
    plugged.key.ctap2.pin.pinRetries = 0;
    expect(reportLines(await described(plugged))).toContain(
      "  PIN          set, blocked; a new one has at least 8 characters",
    );
    expect(reportJson(await described(plugged))).toMatchObject({ vouch: { usable: false } });
  });

  test("that is full", async () => {
    await using plugged = await plugIn({ pin, capacity: 1 });
    const user = { id: Uint8Array.of(1), name: undefined, displayName: undefined };
    plugged.key.ctap2.credentials.create("other.example", user, true, 2);
    expect(reportLines(await described(plugged))).toContain(
      "  No room for another credential: enrolled now, it would log in only on machines whose settings know its credential's id.",
    );
  });
});

test("a key that speaks only U2F is shown with the reason why it cannot be used", async () => {
  const key = await describe1({ ctap: "u2f" });
  expect(reportLines(key)).toEqual([
    "Software Security Key",
    "  error: Software Security Key speaks only U2F (CTAP1), which cannot verify a PIN.",
    "  hint: Use a FIDO2 security key.",
  ]);
  expect(reportJson(key)).toMatchObject({ error: { code: "security_key_unsupported" } });
});

test("Yubico's firmware is shown as its versions are written, other numbers as they are", async () => {
  const key = await describe1({ aaguid: yubiKey });
  const other = await describe1({});
  for (const one of [key, other]) (one.info as { firmwareVersion?: number }).firmwareVersion = 0x50703;
  expect(reportLines(key)).toContain("  firmware     5.7.3");
  expect(reportLines(other)).toContain("  firmware     329475");
});

describe("a key that tells nonsense", () => {
  const nonsense: [string, Partial<AuthenticatorInfo>][] = [
    ["endless lists", { versions: Array.from({ length: 900 }, (_, index) => `VERSION_${index}`) }],
    ["huge names", { extensions: ["x".repeat(7000), "\u{1f511}".repeat(2000)] }],
    ["control characters", { versions: ["\u001b[2J", "a\nb", "\u202eevil", "\ud800"] }],
    ["strange numbers", { firmwareVersion: -1, remainingDiscoverableCredentials: -5, algorithms: [0, -70_000] }],
    ["no algorithm that Vouch knows", { algorithms: [] }],
  ];

  test.each(nonsense)("is described in lines of bounded length, without its control characters: %s", async (_, lie) => {
    const key = await describe1({ pin });
    Object.assign(key.info!, lie);
    const lines = reportLines(key).map((line) => render(line, false));
    expect(lines.length).toBeLessThan(20);
    for (const line of lines) {
      expect(line.length).toBeLessThan(1200);
      expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
    }
    expect(JSON.parse(JSON.stringify(reportJson(key)))).toMatchObject({ product: "Software Security Key" });
  });

  test("of algorithms without ES256 cannot be used", async () => {
    const key = await describe1({ pin });
    Object.assign(key.info!, { algorithms: [-8] });
    expect(reportLines(key)).toContain("  algorithms   EdDSA");
    expect(reportJson(key)).toMatchObject({ vouch: { usable: false } });
  });
});
