/** The path of vouch that is written into configuration files: one that survives an update. */
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathFolders } from "../base/system/path.ts";

/**
 * The place on PATH where this executable is found as `vouch` (a package manager's link, say, to a folder that has the
 * version in its name); else the executable itself. Places below the temporary folder are passed over.
 */
export function stableExecutable(
  env: Record<string, string | undefined> = process.env,
  executable: string = process.execPath,
): string {
  const real = realpathSync(executable);
  for (const folder of pathFolders(env)) {
    if (`${folder}/`.startsWith(`${tmpdir()}/`)) continue;
    const candidate = join(folder, "vouch");
    try {
      if (realpathSync(candidate) === real) return candidate;
    } catch {
      // Not there: the next folder.
    }
  }
  return executable;
}
