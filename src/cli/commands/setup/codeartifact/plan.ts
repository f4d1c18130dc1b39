/** Plans a setup or removal in full, before anything is written. */
import { resolve } from "node:path";
import type { ReplacedLines } from "../../../../editing/replaced-lines.ts";
import { planShims, type ShimChanges, shimsFolder } from "../../../../tools/shims.ts";
import { removeShimsFromPath } from "../../../../tools/shell/start-file.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { type FileChange, readUserFile } from "../../../../editing/user-file.ts";
import { Draft, type DraftContext, type ToolChange } from "./draft.ts";
import { sameRepository } from "./request.ts";
import { toolsOf } from "./selected-tools.ts";
import { startFiles } from "../shell.ts";
import { neededShims, type ToolName } from "../../../../tools/tools.ts";

export interface Plan {
  /** The repositories as in the settings after the setup, or before the removal. */
  repositories: RepositorySettings[];
  /** The repositories that the setup replaces. */
  superseded: RepositorySettings[];
  settings: Settings;
  tools: ToolChange[];
  /** Copies of lines that blocks have replaced. */
  replaced: ReplacedLines[];
  /** Changes of shell start files that remove the shims folder. */
  shells: FileChange[];
  shims: { folder: string; needed: string[]; changes: ShimChanges };
  warnings: string[];
}

/**
 * Plans the addition of a repository, with the endpoints of these tools, to the settings and the tools' files; it
 * replaces those that it supersedes.
 */
export function planSetup(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  context: DraftContext,
  superseded: RepositorySettings[] = [],
): Plan {
  const draft = new Draft(settings, context);
  for (const each of superseded) draft.remove(each, names);
  const place = settings.repositories.findIndex((each) => superseded.includes(each));
  // Where another tool keeps the superseded one, that is no longer the place of this.
  const stays = draft.settings.repositories.some((each) => superseded.some((other) => sameRepository(each, other)));
  const added = draft.add(repository, names, place < 0 || stays ? undefined : place);
  return complete(draft, [added], superseded, context);
}

/** Plans the setup of every repository for the tools that it is set up for, again: what has been lost comes back. */
export function planRepetition(settings: Settings, context: DraftContext): Plan {
  const draft = new Draft(settings, context);
  for (const [place, repository] of settings.repositories.entries()) {
    draft.add(repository, toolsOf(repository), place);
  }
  return complete(draft, settings.repositories, [], context);
}

/** Plans the removal of the repositories from the tools' files, and from the settings where no tool remains. */
export function planRemoval(
  repositories: RepositorySettings[],
  names: ToolName[],
  settings: Settings,
  context: DraftContext,
): Plan {
  const draft = new Draft(settings, context);
  // In reverse order: a later block may contain lines of earlier ones.
  for (const each of repositories.toReversed()) draft.remove(each, names);
  return complete(draft, repositories, [], context);
}

/** The text of a shell's start file; undefined without one, and for one that is no text: no line of Vouch's is in it. */
function readIfText(path: string): string | undefined {
  try {
    return readUserFile(path);
  } catch {
    return undefined;
  }
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
          const before = readIfText(resolve(path));
          if (before === undefined) return [];
          const after = removeShimsFromPath(before, path);
          return before === after ? [] : [{ path, before, after }];
        });
  const shims = { folder, needed, changes: planShims(folder, needed, executable) };
  return { repositories, superseded, settings, tools: changes, replaced, warnings, shells, shims };
}
