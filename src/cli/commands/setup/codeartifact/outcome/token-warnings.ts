/** What a set-up says of tokens that lie in files already: its own lines make none, and those others have are found. */
import type { FileChange } from "../../../../../editing/user-file.ts";
import type { Machine } from "../../../../../tools/checks/finding.ts";
import { readSmallFile } from "../../../../../tools/checks/small-files.ts";
import { storedTokens } from "../../../../../tools/checks/stored-tokens.ts";

/**
 * A sentence on each token, with its line as it is after the changes. `dryRun`: they are not made. `only`: the files to
 * look at.
 */
export function tokenWarnings(
  machine: Machine,
  changes: readonly FileChange[],
  dryRun: boolean,
  only?: ReadonlySet<string>,
): string[] {
  const after = new Map(changes.map((change) => [change.path, change.after]));
  const moved = new Set(changes.filter((change) => change.before !== change.after).map(({ path }) => path));
  const read = (path: string): string | undefined => (after.has(path) ? after.get(path) : readSmallFile(path));
  const wanted = storedTokens(machine, (path) => (only?.has(path) === false ? undefined : read(path)));
  return wanted.map(({ path, line, tool, remedy }) => {
    const counted = dryRun && moved.has(path) ? ", the line as it is after these changes" : "";
    return `A token for CodeArtifact lies in ${path}:${line} (${tool}${counted}). ${remedy}`;
  });
}
