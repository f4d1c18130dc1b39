/** Resets a key that has just been plugged in, with the key's refusals in words. */
import type { CtapDevice } from "../ctap2/device.ts";
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import { reset } from "../ctap2/reset.ts";
import { type CtapError, isCtapError } from "../ctap2/status.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";

export interface KeyResetInput {
  device: CtapDevice;
  signal: AbortSignal;
  /** Timeout for the touch, in milliseconds. */
  timeoutMs: number;
  /** Called when the key waits for the touch; `long`: for one of several seconds. */
  onTouch: (long: boolean) => void;
}

/** What can be known of a key before and after it was taken out: no key tells a number of its own. */
export interface KeyKind {
  aaguid: Uint8Array;
  usbProduct: string;
}

/**
 * Reads what kind of key it is. Throws `security_key_unsupported` for a key that takes no reset over USB, and the
 * errors of the key.
 */
export function resettableKind(device: CtapDevice, signal: AbortSignal): Promise<KeyKind> {
  return understood(device, async () => {
    const { aaguid, transportsForReset } = await getInfo(device, { signal });
    if (transportsForReset?.includes("usb") === false) {
      throw new VouchError("security_key_unsupported", `${device.product} takes no reset over USB.`, {
        hint: "Reset it with its vendor's own tool.",
      });
    }
    return { aaguid, usbProduct: device.usbProduct ?? device.product };
  });
}

/** Whether both may be the same key: their model and USB name are. */
export function isSameKind(one: KeyKind, other: KeyKind): boolean {
  return one.usbProduct === other.usbProduct && Buffer.from(one.aaguid).equals(other.aaguid);
}

/**
 * Deletes everything on the key, after a touch. Throws `security_key_error` if the time for it is over or the key
 * refuses, `touch_timeout`, `security_key_removed`, `cancelled`.
 */
export async function resetKey({ device, signal, timeoutMs, onTouch }: KeyResetInput): Promise<void> {
  let info: AuthenticatorInfo | undefined;
  let announced = false;
  try {
    info = await understood(device, () => getInfo(device, { signal }));
    const { longTouchForReset } = info;
    const onKeepalive = (status: string): void => {
      if (status !== "user_presence_needed" || announced) return;
      announced = true;
      onTouch(longTouchForReset);
    };
    await reset(device, { signal, timeoutMs, onKeepalive });
  } catch (error) {
    throw inWords(device.product, error);
  }
}

function inWords(product: string, error: unknown): unknown {
  if (isCtapError(error, "NOT_ALLOWED")) {
    return refused(
      error,
      `${product} takes a reset only in the first seconds after it is plugged in, and they are over.`,
      {
        hint: "Run `vouch keys reset` again, plug the key in when it says so, and touch it as soon as it blinks.",
      },
    );
  }
  if (isCtapError(error, "OPERATION_DENIED")) {
    return refused(error, `${product} declines the reset.`, {
      hint: "Run `vouch keys reset` again and touch the key when it blinks. A key that somebody administers may take none: ask whoever gave it to you.",
    });
  }
  if (isCtapError(error, "INVALID_COMMAND")) {
    return refused(error, `${product} knows no reset.`, { hint: "Reset it with its vendor's own tool." });
  }
  if (error instanceof VouchError && error.code === "touch_timeout") {
    return new VouchError("touch_timeout", `${product} was not touched in time. Nothing was deleted.`, {
      hint: "Run `vouch keys reset` again and touch the key as soon as it blinks.",
      cause: error,
    });
  }
  if (error instanceof VouchError && error.code === "security_key_removed") {
    return new VouchError("security_key_removed", `${product} was taken out during the reset.`, {
      hint: "Plug it in: `vouch keys info` shows whether it still has its PIN. If so, run `vouch keys reset` again.",
      cause: error,
    });
  }
  return error;
}

function refused(cause: CtapError, message: string, { hint }: { hint: string }): VouchError {
  return new VouchError("security_key_error", `${message} Nothing was deleted.`, { hint, cause });
}
