/** What a setup or a removal will change, worked out in full before anything is written. */
import { resolve } from "node:path";
import { hasBlock } from "../../config/block.ts";
import { neededShims, planShims, type ShimChanges, shimsFolder } from "../../config/shims.ts";
import { removeShimsFromPath } from "../../config/shell-rc.ts";
import type { RepositorySettings, Settings } from "../../config/settings.ts";
import { type FileChange, readUserFile } from "../../config/user-file.ts";
import { blockId, sameRepository } from "./request.ts";
import { startFiles } from "./shell.ts";
import { type ToolName, tools } from "./tools.ts";

type Environment = Record<string, string | undefined>;

export interface ToolChange extends FileChange {
  tool: ToolName;
}

export interface Plan {
  /** The repository as the settings will have it, or had it before the removal. */
  repository: RepositorySettings;
  settings: Settings;
  tools: ToolChange[];
  /** Start files of shells that lose the shims folder. */
  shells: FileChange[];
  shims: { folder: string; needed: string[]; changes: ShimChanges };
  warnings: string[];
}

/** Adds the repository, whose endpoints are those for the tools, to the settings and to the tools' files. */
export function planSetup(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  { env, executable }: { env: Environment; executable: string },
): Plan {
  const id = blockId(repository);
  const old = settings.repositories.find((other) => sameRepository(other, repository));
  const warnings: string[] = [];
  const changes = names.flatMap((tool): ToolChange[] => {
    const { format, path, set } = tools[tool];
    const file = path(env);
    const before = readUserFile(file);
    const clean =
      old && before !== undefined && lostItsMarks(before, tool, old, file) ? drop(before, tool, old) : before;
    const { text, warnings: found } = set(clean, id, repository, executable, file);
    warnings.push(...found);
    const formerFile = old?.files?.[format];
    const former = formerFile === undefined || formerFile === file ? [] : unsetIn(formerFile, tool, old!);
    return [...former, { tool, path: file, before, after: text }];
  });
  const files = Object.fromEntries(names.map((tool) => [tools[tool].format, tools[tool].path(env)]));
  const merged: RepositorySettings = {
    ...old,
    ...repository,
    endpoints: { ...old?.endpoints, ...repository.endpoints },
    files: { ...old?.files, ...files },
  };
  if (names.includes("npm") && repository.npmScopes === undefined) delete merged.npmScopes;
  // The last is the default one, as in the files of pip and npm, where setup puts it first. Cargo has no default.
  const repositories =
    old && !names.some((name) => name !== "cargo")
      ? settings.repositories.map((other) => (other === old ? merged : other))
      : [...settings.repositories.filter((other) => other !== old), merged];
  return complete(
    { repository: merged, settings: { ...settings, repositories }, tools: changes, warnings },
    { env, executable },
  );
}

/** Takes the repository out of the tools' files, and out of the settings when no tool is left. */
export function planRemoval(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  context: { env: Environment; executable: string },
): Plan {
  const changes = names.flatMap((tool) => {
    const { format, path } = tools[tool];
    const places = new Set([repository.files?.[format] ?? path(context.env), path(context.env)]);
    return [...places].flatMap((file) => unsetIn(file, tool, repository));
  });
  const rest = structuredClone(repository);
  for (const tool of names) {
    const { format } = tools[tool];
    delete rest.endpoints[format];
    delete rest.files?.[format];
    if (tool === "cargo") delete rest.registryName;
    if (tool === "npm") delete rest.npmScopes;
  }
  const repositories = settings.repositories.flatMap((other) => {
    if (!sameRepository(other, repository)) return [other];
    return Object.keys(rest.endpoints).length > 0 ? [rest] : [];
  });
  return complete({ repository, settings: { ...settings, repositories }, tools: changes, warnings: [] }, context);
}

function unsetIn(path: string, tool: ToolName, repository: RepositorySettings): ToolChange[] {
  const before = readUserFile(path);
  if (before === undefined) return [];
  const after = lostItsMarks(before, tool, repository, path)
    ? drop(before, tool, repository)
    : tools[tool].unset(before, blockId(repository), path);
  return [{ tool, path, before, after }];
}

/** Whether the settings know of an edit of this file that the file itself shows no mark of. */
function lostItsMarks(text: string, tool: ToolName, repository: RepositorySettings, path: string): boolean {
  return repository.files?.[tools[tool].format] === path && !hasBlock(text, blockId(repository), path);
}

function drop(text: string, tool: ToolName, repository: RepositorySettings): string {
  return tools[tool].drop?.(text, repository) ?? text;
}

function complete(
  plan: Pick<Plan, "repository" | "settings" | "tools" | "warnings">,
  { env, executable }: { env: Environment; executable: string },
): Plan {
  const folder = shimsFolder(env);
  const needed = neededShims(plan.settings, env);
  const shells =
    needed.length > 0
      ? []
      : startFiles(env).flatMap((path): FileChange[] => {
          const before = readUserFile(resolve(path));
          if (before === undefined) return [];
          const after = removeShimsFromPath(before, path);
          return before === after ? [] : [{ path, before, after }];
        });
  return { ...plan, shells, shims: { folder, needed, changes: planShims(folder, needed, executable) } };
}
