/** Whether a security key is still plugged in since a login, by its device: another one of the same name is another one. */
import { existsSync, readlinkSync, statSync } from "node:fs";

/** Lists the paths of the security keys that are plugged in, where the system has no files for them (macOS). */
export type ListKeys = () => Promise<string[]>;

/** False once it has been taken out. */
export type PluggedIn = () => Promise<boolean>;

/** Where Linux lists the HID devices that have a device file. */
export const sysHidraw = "/sys/class/hidraw";

/**
 * `path` is that of the HID device, or of the socket that stands for one. On Linux the kernel counts the devices, so that
 * one that was plugged in again between two looks differs. What it returns throws, as the end of a sentence, while that
 * cannot be seen. `sys` is where the devices are listed.
 */
export function pluggedIn(path: string, listKeys: ListKeys, sys = sysHidraw): PluggedIn {
  if (!path.startsWith("/")) return async () => (await listKeys()).includes(path);
  const name = /^\/dev\/(hidraw\d+)$/.exec(path)?.[1];
  // A device file tells nothing: in a container it stays when the key goes.
  const read = name === undefined ? () => file(path) : () => device(sys, name);
  const before = attempt(read);
  return async () => {
    const now = read();
    if (before instanceof Error) throw new Error("the key could not be seen when the session began");
    return now !== undefined && now === before;
  };
}

function attempt(read: () => string | undefined): string | undefined | Error {
  try {
    return read();
  } catch (error) {
    return error as Error;
  }
}

/** `../../devices/…/0003:1050:0407.0005/hidraw/hidraw0`: no two devices since boot have the same. */
function device(sys: string, name: string): string | undefined {
  if (!existsSync(sys)) throw new Error(`${sys} is missing`);
  return unlessGone(() => readlinkSync(`${sys}/${name}`), sys);
}

function file(path: string): string | undefined {
  return unlessGone(() => {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  }, path);
}

/** Undefined if there is no such file; other failures are not that. */
function unlessGone(read: () => string, place: string): string | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Error(`${place} cannot be read (${code ?? "unknown"})`, { cause: error });
  }
}
