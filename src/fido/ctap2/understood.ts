/** Error translation for malformed responses of a key. */
import { VouchError } from "../../base/errors.ts";
import type { CtapDevice } from "./device.ts";

/**
 * Runs an exchange with the key. A malformed response (not CBOR, a missing or mistyped member, a public key off P-256)
 * is the key's fault: `protocol_error` becomes `security_key_unsupported` with the key's name. Throws
 * `security_key_unsupported`, and every other error of the action unchanged.
 */
export async function understood<T>(device: CtapDevice, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "protocol_error") throw error;
    throw new VouchError("security_key_unsupported", `${device.product} cannot be used. ${error.message}`, {
      hint: "Use another security key; look for newer firmware for this one.",
      cause: error,
    });
  }
}
