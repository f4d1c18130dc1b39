/** authenticatorReset (CTAP 2.1 section 6.6). */
import { AUTHENTICATOR, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";

/**
 * Deletes every credential, the PIN and the fingerprints, after a touch. Keys take it only shortly after they were
 * plugged in: ten seconds by the specification, five of older YubiKeys. Throws CtapError `NOT_ALLOWED` (too late),
 * `OPERATION_DENIED`, `USER_ACTION_TIMEOUT` and others.
 */
export async function reset(device: CtapDevice, options?: ExchangeOptions): Promise<void> {
  await sendCommand(device, AUTHENTICATOR.RESET, undefined, options);
}
