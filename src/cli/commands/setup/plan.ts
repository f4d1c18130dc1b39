/** What a setup or a removal will change, worked out in full before anything is written. */
import { resolve } from "node:path";
import type { ReplacedLines } from "../../../editing/replaced-lines.ts";
import { planShims, type ShimChanges, shimsFolder } from "../../../tools/shims.ts";
import { removeShimsFromPath } from "../../../tools/shell-rc.ts";
import type { RepositorySettings, Settings } from "../../../settings/settings.ts";
import { type FileChange, readUserFile } from "../../../editing/user-file.ts";
import { Draft, type DraftContext, type ToolChange } from "./draft.ts";
import { startFiles } from "./shell.ts";
import { neededShims, type ToolName, toolNames } from "../../../tools/tools.ts";

export interface Plan {
  /** The repositories as the settings will have them, or had them before the removal. */
  repositories: RepositorySettings[];
  /** Those that the setup puts others in the place of. */
  superseded: RepositorySettings[];
  settings: Settings;
  tools: ToolChange[];
  /** The copies of lines that blocks have replaced. */
  replaced: ReplacedLines[];
  /** Start files of shells that lose the shims folder. */
  shells: FileChange[];
  shims: { folder: string; needed: string[]; changes: ShimChanges };
  warnings: string[];
}

/**
 * Adds the repository, whose endpoints are those for the tools, to the settings and to the tools' files, in the place of
 * those that it supersedes.
 */
export function planSetup(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  context: DraftContext,
  superseded: RepositorySettings[] = [],
): Plan {
  const draft = new Draft(settings, context);
  for (const each of superseded) draft.remove(each, toolNames);
  const place = settings.repositories.findIndex((each) => superseded.includes(each));
  const added = draft.add(repository, names, place < 0 ? undefined : place);
  return complete(draft, [added], superseded, context);
}

/** Takes the repositories out of the tools' files, and out of the settings where no tool is left. */
export function planRemoval(
  repositories: RepositorySettings[],
  names: ToolName[],
  settings: Settings,
  context: DraftContext,
): Plan {
  const draft = new Draft(settings, context);
  // The last one first: its block may hold what the earlier ones have written.
  for (const each of repositories.toReversed()) draft.remove(each, names);
  return complete(draft, repositories, [], context);
}

function complete(
  { settings, changes, replaced, warnings }: Draft,
  repositories: RepositorySettings[],
  superseded: RepositorySettings[],
  { env, executable }: DraftContext,
): Plan {
  const folder = shimsFolder(env);
  const needed = neededShims(settings, env);
  const shells =
    needed.length > 0
      ? []
      : startFiles(env).flatMap((path): FileChange[] => {
          const before = readUserFile(resolve(path));
          if (before === undefined) return [];
          const after = removeShimsFromPath(before, path);
          return before === after ? [] : [{ path, before, after }];
        });
  const shims = { folder, needed, changes: planShims(folder, needed, executable) };
  return { repositories, superseded, settings, tools: changes, replaced, warnings: [...warnings], shells, shims };
}
