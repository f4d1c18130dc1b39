/** A key-encryption key that this machine has: AES-256-GCM (NIST SP 800-38D) by WebCrypto. */
import { createHash } from "node:crypto";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { authenticatedData, describeBinding } from "./binding.ts";
import { type KeyProtector, wrongKey } from "./protection.ts";

/** The nonce that GCM recommends; random, which is good for 2^32 encryptions (NIST SP 800-38D, 8.3). */
const ivBytes = 12;

/** Makes the protector of a key of 32 bytes. */
export async function localKek(key: Secret<Uint8Array<ArrayBuffer>>): Promise<KeyProtector> {
  const aes = await crypto.subtle.importKey("raw", key.expose(), "AES-GCM", false, ["encrypt", "decrypt"]);
  // The digest of a random key of 256 bits says nothing about it.
  const kek = createHash("sha256")
    .update("vouch key-encryption key\0")
    .update(key.expose())
    .digest("base64url")
    .slice(0, 16);
  return {
    kek,
    async protect(secret, binding) {
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
      const ciphertext = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData: authenticatedData(binding) },
        aes,
        secret,
      );
      return { by: "kek", kek, iv: base64url(iv), ciphertext: base64url(new Uint8Array(ciphertext)) };
    },
    async unprotect(protection, binding) {
      if (protection.by !== "kek" || protection.kek !== kek) throw wrongKey(kek, binding);
      try {
        const iv = bytes(protection.iv);
        const ciphertext = bytes(protection.ciphertext);
        return new Uint8Array(
          await crypto.subtle.decrypt(
            { name: "AES-GCM", iv, additionalData: authenticatedData(binding) },
            aes,
            ciphertext,
          ),
        );
      } catch (error) {
        throw new VouchError(
          "settings_invalid",
          `The ${describeBinding(binding)} was changed after it was encrypted.`,
          {
            hint: "Its row in the database is damaged, or of another server: restore a backup.",
            cause: error,
          },
        );
      }
    },
  };
}

function base64url(data: Uint8Array): string {
  return Buffer.from(data).toString("base64url");
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64url"));
}
