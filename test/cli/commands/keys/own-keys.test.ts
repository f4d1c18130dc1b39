import { describe, expect, test } from "bun:test";
import type { SecurityKey } from "../../../../src/agent/wire/reply-parts.ts";
import { keyLines } from "../../../../src/cli/commands/keys/list.ts";
import { findKey } from "../../../../src/cli/commands/keys/own-keys.ts";
import { render } from "../../../../src/cli/terminal/terminal.ts";
import { rejection } from "../../../rejection.ts";

const now = Date.parse("2026-11-24T12:00:00") / 1000;

function key(id: string, name: string, more: Partial<SecurityKey> = {}): SecurityKey {
  return {
    id,
    name,
    aaguid: "2fc0579f-8113-47ea-b116-bb5a8db9202a",
    product: null,
    createdAt: now - 86_400,
    lastUsedAt: null,
    transports: ["usb"],
    backupEligible: false,
    backedUp: false,
    builtIn: false,
    thisSession: false,
    ...more,
  };
}

describe("one of the person's keys", () => {
  const keys = [key("AAAAbbbb1", "work"), key("AAAAbbbb2", "caf\u00e9"), key("-id_CCCC", "AAAAbbbb1")];

  test.each([
    ["work", "AAAAbbbb1"],
    [" work ", "AAAAbbbb1"],
    ["cafe\u0301", "AAAAbbbb2"],
    ["AAAAbbbb2", "AAAAbbbb2"],
    ["-id_", "-id_CCCC"],
    // A name counts before an id.
    ["AAAAbbbb1", "-id_CCCC"],
  ])("is found by %j", (text, id) => {
    expect(findKey(keys, text).id).toBe(id);
  });

  test.each([
    ["AAAAbbbb", "usage", "The ids of several of your security keys begin with"],
    ["AAA", "credential_not_found", 'You have no security key "AAA".'],
    ["", "credential_not_found", 'You have no security key "".'],
    ["Work", "credential_not_found", "You have no security key"],
    ["AAAAbbbb12", "credential_not_found", "You have no security key"],
  ])("is not found by %j", async (text, code, message) => {
    const failure = await rejection(() => findKey(keys, text));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(failure.hint).toContain('"work"');
  });
});

describe("the table of keys", () => {
  const lines = (keys: SecurityKey[]) => keyLines(keys, now).map((line) => render(line, false));

  test("has aligned columns, whatever the names are made of", () => {
    const unknown = { aaguid: "00000000-0000-0000-0000-000000000000", product: "Odd Key" };
    expect(
      lines([
        key("idididid1", "鍵 🔑", { lastUsedAt: now - 86_400, thisSession: true }),
        key("dididididi", "x", unknown),
      ]),
    ).toEqual([
      "NAME   MODEL (CLAIMED)            ENROLLED    LAST USED         ID",
      "鍵 🔑  YubiKey 5 Series with NFC  2026-11-23  2026-11-23 12:00  idididid  this session",
      "x      Odd Key                    2026-11-23  never             didididi",
    ]);
  });

  test("says of each model whether it is proved, as soon as one is", () => {
    const proof = { by: "metadata", model: "YubiKey 5 Series with NFC (firmware 5.7)" };
    const keys = [key("idididid1", "work", { proof }), key("dididididi", "drawer", { proof: null })];
    expect(lines(keys)).toEqual([
      "NAME    MODEL                                     MODEL IS  ENROLLED    LAST USED  ID",
      "work    YubiKey 5 Series with NFC (firmware 5.7)  proved    2026-11-23  never      idididid",
      "drawer  YubiKey 5 Series with NFC                 claimed   2026-11-23  never      dididididi".slice(0, -2),
    ]);
    const [, cut] = keyLines(keys, now, 70).map((line) => render(line, false));
    expect(cut).toContain("…  proved ");
  });

  test("fits into a narrow terminal: the claimed model is cut, then the name, never id or time", () => {
    const keys = [
      key("idididid1", "the one on my key ring", { lastUsedAt: now - 86_400, thisSession: true }),
      key("dididididi", "x"),
    ];
    const whole = lines(keys);
    for (const width of [100, 90, 80, 76]) {
      const shown = keyLines(keys, now, width).map((line) => render(line, false));
      expect(Math.max(...shown.map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(width);
      expect(shown[1]).toContain("2026-11-23  2026-11-23 12:00  idididid  this session");
      expect(shown[1]).toContain("…");
    }
    expect(keyLines(keys, now, 200).map((line) => render(line, false))).toEqual(whole);
  });

  test("shows as much of the ids as is needed to tell them apart", () => {
    const [, one, two] = lines([key("AAAAAAAAAA1x", "a"), key("AAAAAAAAAA2x", "b")]);
    expect(one).toEndWith("  AAAAAAAAAA1");
    expect(two).toEndWith("  AAAAAAAAAA2");
  });
});
