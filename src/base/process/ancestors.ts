/** The folders that tools search upwards. */
import { dirname } from "node:path";

/** The folder and its parents up to the root, following the path as written: `a/../b` has the parent `a/..`. */
export function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
