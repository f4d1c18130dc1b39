import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type CborValue, decodeCbor, decodeCborPrefix, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { VouchError } from "../../../src/base/errors.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

/** RFC 8949, appendix A: those examples that CTAP2's canonical form can carry. */
const appendixA: [string, CborValue][] = [
  ["00", 0],
  ["01", 1],
  ["0a", 10],
  ["17", 23],
  ["1818", 24],
  ["1819", 25],
  ["1864", 100],
  ["1903e8", 1000],
  ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1bffffffffffffffff", 18_446_744_073_709_551_615n],
  ["3bffffffffffffffff", -18_446_744_073_709_551_616n],
  ["20", -1],
  ["29", -10],
  ["3863", -100],
  ["3903e7", -1000],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["40", hex("")],
  ["4401020304", hex("01020304")],
  ["60", ""],
  ["6161", "a"],
  ["6449455446", "IETF"],
  ["62225c", '"\\'],
  ["62c3bc", "\u00fc"],
  ["63e6b0b4", "\u6c34"],
  ["64f0908591", "\ud800\udd51"],
  ["80", []],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["98190102030405060708090a0b0c0d0e0f101112131415161718181819", Array.from({ length: 25 }, (_, index) => index + 1)],
  ["a0", new Map()],
  [
    "a201020304",
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    "a26161016162820203",
    new Map<string, CborValue>([
      ["a", 1],
      ["b", [2, 3]],
    ]),
  ],
  ["826161a161626163", ["a", new Map([["b", "c"]])]],
  [
    "a56161614161626142616361436164614461656145",
    new Map(["a", "b", "c", "d", "e"].map((key) => [key, key.toUpperCase()])),
  ],
];

describe("the vectors of RFC 8949, appendix A, are decoded", () => {
  test.each(appendixA)("%s", (encoded, value) => {
    expect(decodeCbor(hex(encoded))).toEqual(value);
    expect(encodeCbor(value).toHex()).toBe(encoded);
  });
});

describe("maps are encoded in the canonical CTAP2 form", () => {
  test.each<[string, CborValue, string]>([
    [
      "a COSE key: unsigned before negative labels",
      new Map([
        [-3, 0],
        [3, 0],
        [-1, 0],
        [1, 0],
        [-2, 0],
      ]),
      "a501000300200021002200",
    ],
    [
      "shorter keys first, then bytewise",
      new Map([
        ["b", 0],
        ["aa", 0],
        ["a", 0],
      ]),
      "a361610061620062616100",
    ],
    [
      "integers before text, whatever their length",
      new Map<number | string, number>([
        ["a", 0],
        [1000, 0],
      ]),
      "a21903e800616100",
    ],
    [
      "options of a request",
      new Map([
        ["uv", true],
        ["rk", true],
      ]),
      "a262726bf5627576f5",
    ],
  ])("%s", (_, value, encoded) => {
    expect(encodeCbor(value).toHex()).toBe(encoded);
  });
});

describe("the decoder refuses", () => {
  test.each([
    ["nothing", ""],
    ["bytes after the item", "0000"],
    ["an indefinite array", "9f01ff"],
    ["an indefinite map", "bf616101ff"],
    ["an indefinite byte string", "5f4101ff"],
    ["a lone break", "ff"],
    ["a tag", "c11a514b67b0"],
    ["a duplicate key", "a201000100"],
    ["a key that is a byte string", "a1410100"],
    ["a key that is an array", "a18000"],
    ["an array that lies about its length", "9affffffff00"],
    ["a map that lies about its length", "bbffffffffffffffff"],
    ["a byte string that lies about its length", "5bffffffffffffffff00"],
    ["17 levels", `${"81".repeat(17)}00`],
    ["a reserved length", "1c"],
  ])("%s", (_, encoded) => {
    expect(() => decodeCbor(hex(encoded))).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  test("more than 64 KiB", () => {
    expect(() => decodeCbor(new Uint8Array(65_537))).toThrow("expected at most 65536 bytes, got 65537");
  });
});

test("an error of the decoder does not quote the sender's text", () => {
  const twice = "a2666572617365640066657261736564f6";
  expect(() => decodeCbor(hex(twice))).toThrow("Malformed CBOR: expected every map key once, got one twice.");
});

test("a key is the same key however it is written", () => {
  expect(() => decodeCbor(hex("a201001b000000000000000100"))).toThrow(VouchError);
});

test("the decoder reads 16 levels", () => {
  expect(decodeCbor(hex(`${"81".repeat(16)}00`))).toEqual(
    Array.from({ length: 16 }).reduce<CborValue>((inner) => [inner], 0),
  );
});

test("the decoder leaves what follows the item when asked for a prefix", () => {
  const { value, rest } = decodeCborPrefix(hex("820102a0ff"));
  expect(value).toEqual([1, 2]);
  expect(rest.toHex()).toBe("a0ff");
});

const key = fc.oneof(fc.integer(), fc.string({ unit: "grapheme" }));
const { value: cborValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}));

test("what is encoded decodes to itself", () => {
  fc.assert(fc.property(cborValue, (value) => expect(decodeCbor(encodeCbor(value))).toEqual(value)));
});

test("the order of a map's entries does not change its encoding", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, fc.integer()), { selector: ([name]) => name }), (entries) => {
      expect(encodeCbor(new Map(entries))).toEqual(encodeCbor(new Map(entries.toReversed())));
    }),
  );
});

test("any bytes are decoded or refused with a VouchError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(VouchError);
      }
    }),
    { numRuns: 2000 },
  );
});
