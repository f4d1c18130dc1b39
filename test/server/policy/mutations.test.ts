/** Certificates and chains that are changed at random: they are read, or refused in our words. */
import "reflect-metadata";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { VouchError } from "../../../src/base/errors.ts";
import { readCertificate } from "../../../src/server/policy/certificate.ts";
import { findAnchor } from "../../../src/server/policy/chain.ts";
import { readBlob } from "../../../src/server/policy/metadata-blob.ts";
import { propertyRuns } from "../../property-runs.ts";
import { issue } from "./authority.ts";
import { entry, makeBlob, metadataService } from "./blob.ts";

const now = Date.parse("2027-01-15T08:00:00Z") / 1000;

/** Bytes of the given ones, some changed, perhaps cut short. */
const mutated = (bytes: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(bytes.length), { freq: 10 }),
    )
    .map(([changes, length]) => {
      const copy = bytes.slice(0, length ?? bytes.length);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });

/** Whether it gave a result; an error must be ours. */
function accepts(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(VouchError);
    expect((error as VouchError).code).toBe("protocol_error");
    return false;
  }
}

test("a changed certificate leads to no root", async () => {
  const root = await issue({ isCa: true });
  const { certificate } = await issue({ issuer: root });
  const anchors = [readCertificate(root.certificate)];
  expect(accepts(() => findAnchor([readCertificate(certificate)], anchors, now))).toBe(true);
  fc.assert(
    fc.property(mutated(certificate), (bytes) => {
      const isSame = Buffer.from(bytes).equals(certificate);
      expect(accepts(() => findAnchor([readCertificate(bytes)], anchors, now))).toBe(isSame);
    }),
    { numRuns: propertyRuns },
  );
});

test("a changed blob is refused", async () => {
  const service = await metadataService();
  const roots = [readCertificate(service.root.certificate)];
  const blob = makeBlob(service, { entries: [entry("07070707-0707-0707-0707-070707070707")] });
  const read = (text: string) => readBlob(text, { roots, now, source: "" });
  expect(accepts(() => read(blob))).toBe(true);
  fc.assert(
    fc.property(mutated(new TextEncoder().encode(blob)), (bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      expect(accepts(() => read(text))).toBe(text.trim() === blob);
    }),
    { numRuns: propertyRuns },
  );
});
