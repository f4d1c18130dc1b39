import { describe, expect, test } from "bun:test";
import type { CborValue } from "../../../src/fido/codec/cbor.ts";
import { ES256, exportCoseKey, importCoseKey } from "../../../src/fido/codec/cose.ts";

const x = Uint8Array.fromHex("643566c206dd00227005fa5de69320616ca268043a38f08bde2e9dc45a5cafaf");
const y = Uint8Array.fromHex("171353b2932434703726aae579fa6542432861fe591e481ea22d63997e1a5290");
const valid: [number, CborValue][] = [
  [1, 2],
  [3, -7],
  [-1, 1],
  [-2, x],
  [-3, y],
];

test("a COSE key is exported as it was imported", () => {
  expect(exportCoseKey(importCoseKey(new Map(valid), ES256), ES256)).toEqual(new Map(valid));
});

describe("a COSE key is refused", () => {
  const offCurve = y.slice();
  offCurve[31] = 0x91;
  test.each<[string, [number, CborValue], string]>([
    ["another key type", [1, 1], "expected an elliptic curve key (kty 2), got kty 1"],
    ["another algorithm", [3, -257], "expected a key for ES256 (alg -7), got alg -257"],
    ["another curve", [-1, 2], "expected a key on the curve P-256 (crv 1), got crv 2"],
    ["no curve", [-1, undefined], "expected a key on the curve P-256 (crv 1), got crv none"],
    ["a missing coordinate", [-2, undefined], "expected x of 32 bytes"],
    ["a short coordinate", [-3, y.subarray(1)], "expected y of 32 bytes"],
    ["a compressed point", [-3, true], "expected y of 32 bytes"],
    ["a point off the curve", [-3, offCurve], "expected a point on the curve P-256"],
    ["a coordinate beyond the field", [-2, new Uint8Array(32).fill(0xff)], "expected a point on the curve P-256"],
  ])("with %s", (_, change, message) => {
    expect(() => importCoseKey(new Map([...valid, change]), ES256)).toThrow(
      expect.objectContaining({ code: "protocol_error", message: `Unusable public key: ${message}.` }),
    );
  });
});
