/** The folder of a SQLite database. */
import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";

const privately = { recursive: true, mode: 0o700 } as const;

/**
 * Makes the folder with mode 0700, and those above it, where there is none. Of a link that leads nowhere it makes the
 * target: systemd's `DynamicUser=` links a state folder to one in /var/lib/private, whose disk may be new. Throws the
 * system's error.
 */
export function makeFolder(path: string): void {
  const isDangling = !existsSync(path) && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  mkdirSync(isDangling ? resolve(realpathSync(dirname(path)), readlinkSync(path)) : path, privately);
}
