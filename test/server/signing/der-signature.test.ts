/** ECDSA signatures from DER to JWS, against node:crypto. */
import { expect, test } from "bun:test";
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { joseSignature } from "../../../src/server/signing/der-signature.ts";
import { propertyRuns } from "../../property-runs.ts";
import { signDigest } from "../../sandbox/aws/ecdsa.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const verifies = (data: Uint8Array, signature: Uint8Array) =>
  verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);

test("every signature in DER, of node:crypto and of the sandbox's KMS, is the same one as JWS has it", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (data) => {
      const digest = createHash("sha256").update(data).digest();
      for (const der of [
        sign("sha256", data, { key: privateKey, dsaEncoding: "der" }),
        signDigest(digest, privateKey),
      ]) {
        const jose = joseSignature(der);
        expect(jose).toHaveLength(64);
        expect(verifies(data, jose)).toBe(true);
      }
    }),
    { numRuns: propertyRuns },
  );
});

test.each<[string, string, string | undefined]>([
  ["short integers", "30060201010201ff".replace("01ff", "017f"), `${"01".padStart(64, "0")}${"7f".padStart(64, "0")}`],
  ["a leading zero that is needed", "3007020200ff020101", `${"ff".padStart(64, "0")}${"01".padStart(64, "0")}`],
  ["nothing", "", undefined],
  ["a leading zero that is not needed", "30070202007f020101", undefined],
  ["a negative integer", "30060201ff020101", undefined],
  ["an empty integer", "30050200020101", undefined],
  ["a third integer", "3009020101020101020101", undefined],
  ["bytes after it", "300602010102010100", undefined],
  ["a length of two bytes", "308106020101020101", undefined],
  ["a length that is too long", "30070201010201", undefined],
  ["an integer of 33 bytes", `3026022101${"00".repeat(32)}020101`, undefined],
  ["another type", "31060201010201ff", undefined],
])("%s: %s", (_title, hex, expected) => {
  const der = Buffer.from(hex, "hex");
  if (expected === undefined) expect(() => joseSignature(der)).toThrow("in DER");
  else expect(Buffer.from(joseSignature(der)).toString("hex")).toBe(expected);
});

test("a signature that was changed is refused, or does not verify", () => {
  const data = new Uint8Array([1, 2, 3]);
  fc.assert(
    fc.property(fc.nat(), fc.nat(7), fc.boolean(), (at, bit, isCut) => {
      const der = sign("sha256", data, { key: privateKey, dsaEncoding: "der" });
      der[at % der.length]! ^= 1 << bit;
      let jose: Uint8Array;
      try {
        jose = joseSignature(isCut ? der.subarray(0, -1) : der);
      } catch {
        return;
      }
      expect(jose).toHaveLength(64);
      expect(verifies(data, jose)).toBe(false);
    }),
    { numRuns: propertyRuns },
  );
});
