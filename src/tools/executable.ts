/** The path of vouch to write into configuration files: one that survives an update. */
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../base/environment.ts";
import { pathFolders } from "../base/system/path.ts";

/**
 * The path under which PATH finds this executable as `vouch` (for example a package manager's link to a versioned
 * folder); else the executable itself. Paths below the temporary folder are skipped.
 */
export function stableExecutable(env: Environment = process.env, executable: string = process.execPath): string {
  const real = realpathSync(executable);
  for (const folder of pathFolders(env)) {
    if (`${folder}/`.startsWith(`${tmpdir()}/`)) continue;
    const candidate = join(folder, "vouch");
    try {
      if (realpathSync(candidate) === real) return candidate;
    } catch {
      // Not there: try the next folder.
    }
  }
  return executable;
}
