/**
 * Registries in this folder's Cargo configuration that name the repository's index under another name: Cargo refuses
 * both together.
 */
import type { Environment } from "../../../base/environment.ts";
import { projectConfigs } from "./configuration.ts";
import { shown } from "./shown.ts";
import type { RepositorySettings } from "../../../settings/settings.ts";

/** A sentence with the remedy for each such file of the current project. */
export function otherNames({ endpoints, registryName }: RepositorySettings, cwd: string, env: Environment): string[] {
  const index = `sparse+${endpoints.cargo}`;
  return projectConfigs([cwd], env).flatMap(({ files }) =>
    files.flatMap(({ path, table }) =>
      Object.entries((table["registries"] ?? {}) as Record<string, { index?: unknown } | null>)
        .filter(([name, registry]) => name !== registryName && registry?.index === index)
        .map(([name]) =>
          shown(
            `${path} calls this index ${name}, and Cargo takes each index only once. Where you need that project, repeat the command with --registry-name ${name}.`,
          ),
        ),
    ),
  );
}
