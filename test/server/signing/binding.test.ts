/** What ciphertexts of the key-encryption key are bound to. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Secret } from "../../../src/base/secret.ts";
import { authenticatedData, type Binding, encryptionContext } from "../../../src/server/signing/binding.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { propertyRuns } from "../../property-runs.ts";
import { rejection } from "../../rejection.ts";

const kek = await localKek(new Secret(new Uint8Array(32).fill(1)));
const secret = new TextEncoder().encode("a secret");

/** Few words, so that parts of one binding are those of another. */
const word = fc.constantFrom("a", "b", "", '","', "vouch signing key", "vouch refresh token", "signing key");
const binding: fc.Arbitrary<Binding> = fc.oneof(
  fc.record({ of: fc.constant("signing key" as const), issuer: word, kid: word }),
  fc.record({ of: fc.constant("refresh token" as const), server: word, issuer: word, subject: word }),
);

test("a secret is opened for its own binding alone: no other key, person, issuer, server or kind", async () => {
  await fc.assert(
    fc.asyncProperty(binding, binding, async (own, other) => {
      const protection = await kek.protect(secret, own);
      expect(await kek.unprotect(protection, own)).toEqual(secret);
      if (Bun.deepEquals(own, other)) return;
      expect(await rejection(kek.unprotect(protection, other))).toMatchObject({ code: "settings_invalid" });
    }),
    { numRuns: propertyRuns },
  );
});

test("two bindings have neither the same authenticated data nor the same encryption context", () => {
  fc.assert(
    fc.property(binding, binding, (one, other) => {
      fc.pre(!Bun.deepEquals(one, other));
      expect(authenticatedData(one)).not.toEqual(authenticatedData(other));
      expect(encryptionContext(one)).not.toEqual(encryptionContext(other));
    }),
    { numRuns: propertyRuns },
  );
});

test("a signing key that an earlier version encrypted is bound as it was", () => {
  const own = { of: "signing key", issuer: "https://vouch.example.com", kid: "kid" } as const;
  expect(new TextDecoder().decode(authenticatedData(own))).toBe(
    '["vouch signing key","https://vouch.example.com","kid"]',
  );
  expect(encryptionContext(own)).toEqual({ "vouch:issuer": "https://vouch.example.com", "vouch:kid": "kid" });
});
