/** Sets the first PIN of a key, or changes the present one, at the user's wish. */
import type { CtapDevice } from "../ctap2/device.ts";
import { getInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol } from "../ctap2/pin-protocol.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import type { CeremonyUi } from "../webauthn/ceremony-ui.ts";
import { PinVerification, type PinWrite } from "../webauthn/pin-verification.ts";

export interface PinChangeInput {
  device: CtapDevice;
  ui: CeremonyUi;
  signal?: AbortSignal;
  /** Called before the prompts, with what they are for. */
  onBegin?: (write: PinWrite) => void;
}

/** No token is asked for. */
const scope = { permissions: 0, rpId: undefined };

/**
 * Prompts for the present PIN, if one is set, and for the new one until the key accepts both. Returns whether the PIN
 * was set or changed. Throws `security_key_unsupported` for a key without PINs, `pin_…`, `cancelled`.
 */
export function setOrChangePin({ device, ui, signal, onBegin }: PinChangeInput): Promise<PinWrite> {
  return understood(device, async () => {
    const exchange = signal === undefined ? {} : { signal };
    const info = await getInfo(device, exchange);
    if (!info.options.has("clientPin") || choosePinProtocol(info.pinUvAuthProtocols) === undefined) {
      throw new VouchError("security_key_unsupported", `${device.product} has no PIN that could be set.`, {
        hint: "`vouch keys info` shows what it has.",
      });
    }
    onBegin?.(info.options.get("clientPin") === true ? "change" : "set");
    const verification = new PinVerification({ device, info, ui, scope, exchange });
    try {
      return await verification.write();
    } finally {
      verification.destroy();
    }
  });
}
