/** Finds the repositories that are set up and that the flags name. */
import { markedIds } from "../../../../editing/marked.ts";
import { readUserFile } from "../../../../editing/user-file.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { toolNames, tools } from "../../../../tools/tools.ts";
import { usage } from "../../../framework/arguments.ts";
import { commandName, findConfigured, type Flags, repositoriesOf, sameRepository } from "./request.ts";

/** The default repository, or the one of that name. Throws `usage` without one. */
export function byDefault(flags: Flags, settings: Settings): RepositorySettings {
  const last = settings.repositories.at(-1);
  return flags.repository === undefined && last !== undefined ? last : configuredOne(flags, settings);
}

/** The one repository that is set up and that the flags name. Throws `usage` if there is none, or several. */
export function configuredOne(flags: Flags, settings: Settings): RepositorySettings {
  const found = findConfigured(flags, settings);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) throw usage(notSetUp(flags, settings), commandName);
  const which = found.map(({ domain, repository }) => `--domain ${domain} --repository ${repository}`);
  throw usage(`Several are set up: ${which.join(", ")}.`, commandName, `${commandName} --default ${which[0]}`);
}

/** The sentence for a removal that finds nothing, with what there is to remove. */
export function notSetUp({ domain, repository }: Flags, { repositories }: Settings): string {
  const asked = [domain, repository].filter((name) => name !== undefined).join("/");
  const others = repositories.map(placeOf).join(", ");
  const found = others === "" ? "" : `; set up: ${others}`;
  return asked === "" ? `Nothing that fits is set up here${found}.` : `${asked} is not set up here${found}.`;
}

function placeOf({ domain, repository, domainOwner, region }: RepositorySettings): string {
  return `${domain}/${repository} (${domainOwner}, ${region})`;
}

/** Returns the repositories to remove, all without names; includes those that only blocks in files still name. */
export function configured(flags: Flags, settings: Settings, env: NodeJS.ProcessEnv): RepositorySettings[] {
  const found = findConfigured(flags, settings);
  if (found.length > 0 && flags.domain !== undefined && flags.repository !== undefined) return found;
  const inFiles = findConfigured(flags, { ...settings, repositories: repositoriesOf(blockIdsInFiles(env)) });
  return [...found, ...inFiles.filter((lost) => !found.some((each) => sameRepository(each, lost)))];
}

/** Returns the ids of all blocks in the files that the tools currently read. */
function blockIdsInFiles(env: NodeJS.ProcessEnv): string[] {
  const ids = toolNames.flatMap((tool) => {
    try {
      const file = tools[tool].path(env);
      return markedIds(readUserFile(file) ?? "", file);
    } catch {
      // Skip: nothing can be removed from an unreadable file. If the settings name it, the removal itself reports it.
      return [];
    }
  });
  return [...new Set(ids)];
}
