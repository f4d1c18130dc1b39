import { expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { VouchError } from "../../../src/base/errors.ts";
import { makeSigningKey, openSigner } from "../../../src/server/signing/signing-key.ts";
import type { SigningKey } from "../../../src/server/store/signing-keys.ts";

const issuer = "https://vouch.example.com";

async function keyWith(change: (jwk: Record<string, string>) => object): Promise<SigningKey> {
  const made = await makeSigningKey(issuer, undefined);
  return { ...made, jwk: JSON.stringify(change(JSON.parse(made.jwk))), publishedAt: 0, signsFrom: 0 };
}

const onAnotherCurve = () =>
  generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "jwk" }) as object;
const anotherKind = () => generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }) as object;

test("signs r and s as a JWS has them", async () => {
  const key = await keyWith((jwk) => jwk);
  const { d: _, ...publicJwk } = JSON.parse(key.jwk);
  const data = new TextEncoder().encode("signed");
  const signature = await (await openSigner(key, issuer, undefined)).sign(data);
  expect(signature).toHaveLength(64);
  const publicKey = createPublicKey({ key: publicJwk, format: "jwk" });
  expect(verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
});

test.each([
  [
    "a private key that is another's",
    async () => {
      const { d } = JSON.parse((await makeSigningKey(issuer, undefined)).jwk);
      return keyWith((jwk) => ({ ...jwk, d }));
    },
  ],
  ["a public key alone", () => keyWith((jwk) => ({ ...jwk, d: undefined }))],
  ["a key of another curve", () => keyWith(onAnotherCurve)],
  ["a key of another kind", () => keyWith(anotherKind)],
])("refuses %s", async (_, make) => {
  const refusal = await openSigner(await make(), issuer, undefined).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(VouchError);
  expect((refusal as VouchError).code).toBe("settings_invalid");
});
