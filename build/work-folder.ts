/** The folder of one build: on the file system of what it makes, and gone when the build ends. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const prefix = "build-";
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Makes it in `dist`, with this process's id in its name; removes what builds have left there that were killed. Ends the
 * process on a signal, so that it is removed then, too.
 */
export function workFolder(dist: string): string {
  for (const name of readdirSync(dist))
    if (isAbandoned(name)) rmSync(join(dist, name), { recursive: true, force: true });
  const folder = mkdtempSync(join(dist, `${prefix}${process.pid}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const [signal, code] of Object.entries(signals)) process.once(signal, () => process.exit(code));
  return folder;
}

/** Whether it is a build's folder whose process is gone, or of a form that names none. */
function isAbandoned(name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const pid = Number(/^build-(\d+)-/.exec(name)?.[1] ?? 0);
  if (pid === process.pid || pid === 0) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: another user's, alive.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
