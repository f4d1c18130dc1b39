/** Translation of HID errors of the system to VouchError. hidapi has no error codes, only the system's messages. */
import { VouchError } from "../../base/errors.ts";
import { accessHint } from "./access.ts";
import { libraryError } from "./library-error.ts";
import type { HidDeviceInfo } from "./transport.ts";

/** Linux: strerror; macOS: mach_error_string; Windows: the code, because its messages are localized. */
const permission = /permission denied|not permitted|privilege violation|\(0x00000005\)/i;
const busy = /resource busy|exclusive access|\(0x00000020\)/i;
/** Removed since it was listed, or listed in a container that lacks the device file. */
const missing = /no such file/i;
/** A removed USB device fails pending calls with whatever error its driver hits first. */
const removed =
  /no such device|disconnected|endpoint shutdown|input\/output error|protocol error|mach entry|\(0x0000048f\)|\(0x0000001f\)|\(0x00000002\)/i;

/**
 * The VouchError for a failed call on a key, or without `info` for a failed search for keys. `what` completes "Cannot
 * …": "open", "find security keys".
 */
export function hidError(what: string, info: HidDeviceInfo | undefined, error: unknown): VouchError {
  const reason = error instanceof Error ? error.message : String(error);
  if ((error as NodeJS.ErrnoException | null)?.code === "ERR_DLOPEN_FAILED") return libraryError(reason, error);
  if (info === undefined) {
    return new VouchError("security_key_error", `Cannot ${what}: ${reason}.`, {
      hint: "Repeat the command; with VOUCH_DEBUG=1 it shows the cause.",
      cause: error,
    });
  }
  const subject = `Cannot ${what} ${info.product} (${info.path})`;
  if (permission.test(reason)) {
    return new VouchError("security_key_permission", `${subject}: permission denied.`, {
      hint: accessHint(info),
      cause: error,
    });
  }
  if (busy.test(reason)) {
    return new VouchError("security_key_busy", `${subject}: another program uses it.`, {
      hint: "End the other program's use of the key, then repeat the command.",
      cause: error,
    });
  }
  if (missing.test(reason)) {
    return new VouchError("security_key_removed", `${info.product} is plugged in, but ${info.path} is not there.`, {
      hint: `Plug the security key in again; a container is given it with \`--device ${info.path}\`.`,
      cause: error,
    });
  }
  if (removed.test(reason)) return removedError(info, error);
  return new VouchError("security_key_error", `${subject}: ${reason}.`, {
    hint: "Take the security key out, plug it in again and repeat the command.",
    cause: error,
  });
}

/** The error for a removed key. */
export function removedError({ product }: HidDeviceInfo, cause?: unknown): VouchError {
  return new VouchError("security_key_removed", `${product} was taken out.`, {
    hint: "Plug the security key in again and repeat the command.",
    cause,
  });
}
