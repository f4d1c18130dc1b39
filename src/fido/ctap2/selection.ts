/** authenticatorSelection (CTAP 2.1 section 6.9): the user selects a key by touch. */
import { ES256 } from "../codec/cose.ts";
import { AUTHENTICATOR, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { getInfo } from "./get-info.ts";
import { makeCredential } from "./make-credential.ts";
import { isCtapError } from "./status.ts";

/** Versions without authenticatorSelection. */
const older = new Set(["FIDO_2_0", "FIDO_2_1_PRE"]);

/**
 * Makes the key blink and resolves when it is touched. Fallback for keys before FIDO_2_1, and for those that claim it
 * but reject the command: a makeCredential with an empty pinUvAuthParam, which always fails after a touch (section
 * 6.1.2, step 1). Throws CtapError `USER_ACTION_TIMEOUT`, `OPERATION_DENIED`, `KEEPALIVE_CANCEL` and others.
 */
export async function selection(device: CtapDevice, options: ExchangeOptions = {}): Promise<void> {
  // The touch timeout does not apply to getInfo, which needs no touch.
  const { timeoutMs: _, ...unlimited } = options;
  const { versions, pinUvAuthProtocols } = await getInfo(device, unlimited);
  if (versions.some((version) => version.startsWith("FIDO_2_") && !older.has(version))) {
    try {
      await sendCommand(device, AUTHENTICATOR.SELECTION, undefined, options);
      return;
    } catch (error) {
      if (!isCtapError(error, "INVALID_COMMAND")) throw error;
    }
  }
  const probe = {
    clientDataHash: new Uint8Array(32),
    rp: { id: "selection.invalid", name: "selection" },
    user: { id: new Uint8Array(1), name: "selection", displayName: "selection" },
    algorithms: [ES256],
    excludeList: [],
    options: { rk: false, uv: false },
    pinUvAuthParam: new Uint8Array(0),
    pinUvAuthProtocol: pinUvAuthProtocols[0] ?? 1,
  };
  try {
    await makeCredential(device, probe, options);
  } catch (error) {
    if (!isCtapError(error, "PIN_NOT_SET", "PIN_INVALID", "PIN_AUTH_INVALID", "PUAT_REQUIRED")) throw error;
  }
}
