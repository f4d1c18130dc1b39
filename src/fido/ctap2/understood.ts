/** Answers of a key that are not what CTAP2 says: an error that names the key. */
import { VouchError } from "../../base/errors.ts";
import type { CtapDevice } from "./device.ts";

/**
 * Runs what talks to the key. An answer that cannot be read (not CBOR, a member missing or of another type, a public
 * key that is not on P-256) is the key's fault, not the person's.
 * @throws VouchError `security_key_unsupported` in place of `protocol_error`; all else as the action throws it
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
