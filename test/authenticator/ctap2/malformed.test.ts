/** Requests that are not of the form that CTAP 2.1 gives them. */
import { describe, expect, test } from "bun:test";
import type { CborValue } from "../../../src/fido/codec/cbor.ts";
import { plugIn } from "../plugged-in.ts";
import { clientDataHash, makeMembers, type Members, rpId, status } from "../raw-command.ts";

const pin = "123456";

describe("the software key refuses malformed requests before the user is verified", () => {
  const descriptor = (...members: [string, CborValue][]) => new Map(members);
  const id = Uint8Array.of(1);
  const lists: [string, CborValue, string][] = [
    ["an entry without id", [descriptor(["type", "public-key"])], "14"],
    ["an entry without type", [descriptor(["id", id])], "14"],
    ["an id that is a text", [descriptor(["id", "1"], ["type", "public-key"])], "11"],
    ["an entry that is no map", [1], "11"],
    ["a list that is no list", 1, "11"],
  ];

  test.each(lists)("in excludeList and allowList: %s", async (_, list, expected) => {
    await using plugged = await plugIn({ pin });
    const device = await plugged.open();
    const made: Members = [...makeMembers(), [0x05, list]];
    expect(await status(device, 0x01, made)).toBe(expected);
    expect(
      await status(device, 0x02, [
        [0x01, rpId],
        [0x02, clientDataHash],
        [0x03, list],
      ]),
    ).toBe(expected);
  });

  test.each<[string, Members]>([
    ["options that are no map", [[0x05, true]]],
    ["an option that is a number", [[0x05, new Map([["up", 1]])]]],
    ["extensions that are no map", [[0x04, 1]]],
    ["an authorization that is a text", [[0x06, "x"]]],
    ["a protocol that is a text", [[0x07, "2"]]],
  ])("with %s", async (_, members) => {
    await using plugged = await plugIn({ pin });
    expect(await status(await plugged.open(), 0x02, [[0x01, rpId], [0x02, clientDataHash], ...members])).toBe("11");
  });
});
