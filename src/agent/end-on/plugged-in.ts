/** Whether a security key is still plugged in since a login, by its device: another one of the same name is another one. */
import { readlinkSync, statSync } from "node:fs";

/** Lists the paths of the security keys that are plugged in, where the system has no files for them (macOS). */
export type ListKeys = () => Promise<string[]>;

/** False once it has been taken out. */
export type PluggedIn = () => Promise<boolean>;

/**
 * `path` is that of the HID device, or of the socket that stands for one. On Linux the kernel counts the devices, so that
 * one that was plugged in again between two looks differs.
 */
export function pluggedIn(path: string, listKeys: ListKeys): PluggedIn {
  if (!path.startsWith("/")) return async () => (await listKeys()).includes(path);
  const read = [hidraw, file].find((each) => each(path) !== undefined);
  if (read === undefined) return () => Promise.resolve(false);
  const before = read(path);
  return () => Promise.resolve(read(path) === before);
}

/** `../../devices/…/0003:1050:0407.0005/hidraw/hidraw0`: no two devices since boot have the same. */
function hidraw(path: string): string | undefined {
  const name = /^\/dev\/(hidraw\d+)$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  try {
    return readlinkSync(`/sys/class/hidraw/${name}`);
  } catch {
    return undefined;
  }
}

function file(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return undefined;
  }
}
