import { expect, spyOn, test } from "bun:test";
import { DpopKey } from "../../src/vouch-client/dpop.ts";

test("the private key of a session cannot be read out of the process's own key store", async () => {
  const generated = spyOn(crypto.subtle, "generateKey");
  try {
    await DpopKey.generate();
    const { privateKey } = (await generated.mock.results[0]!.value) as CryptoKeyPair;
    expect(privateKey.extractable).toBe(false);
    for (const format of ["jwk", "pkcs8"] as const) {
      expect(await crypto.subtle.exportKey(format, privateKey).catch((error: Error) => error.name)).toBe(
        "InvalidAccessError",
      );
    }
  } finally {
    generated.mockRestore();
  }
});
