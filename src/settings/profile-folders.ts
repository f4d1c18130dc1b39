/** Which profile belongs to a folder, by the user's settings alone: nothing in the folder counts. */
import { realpathSync } from "node:fs";
import { isAbsolute, sep } from "node:path";
import { VouchError } from "../base/errors.ts";
import type { Settings } from "./settings.ts";

/**
 * The name of the profile whose folder contains `folder` (absolute); the innermost one where folders lie in each other.
 * Both are compared with links and `..` resolved. Throws `settings_invalid` if two profiles name the same folder.
 */
export function profileOfFolder(folder: string, { profiles = {} }: Settings): string | undefined {
  const own = resolved(folder);
  if (own === undefined) return undefined;
  let found: { name: string; folder: string } | undefined;
  for (const [name, { folders = [] }] of Object.entries(profiles)) {
    for (const each of folders.map(resolved)) {
      if (each === undefined || !isWithin(own, each)) continue;
      if (found?.folder === each && found.name !== name) {
        throw new VouchError("settings_invalid", `${each} belongs to two profiles: ${found.name} and ${name}.`, {
          hint: "Take it away from one of them: `vouch setup aws --profile NAME` with `--folder` for those that stay.",
        });
      }
      if (found === undefined || each.length > found.folder.length) found = { name, folder: each };
    }
  }
  return found?.name;
}

/** The folder without links and `..`; undefined if there is none. */
export function resolved(folder: string): string | undefined {
  if (!isAbsolute(folder)) return undefined;
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, outer: string): boolean {
  return folder === outer || folder.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}
