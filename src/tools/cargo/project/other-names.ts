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
  return named(`sparse+${endpoints.cargo}`, cwd, env)
    .filter(({ name }) => name !== registryName)
    .map(({ path, name }) =>
      shown(
        `${path} calls this index ${name}, and Cargo takes each index only once. Where you need that project, repeat the command with --registry-name ${name}.`,
      ),
    );
}

/** The names that the current project gives an index: untrusted, as they stand there. */
export function indexNames(index: string, cwd: string, env: Environment): string[] {
  return named(index, cwd, env).map(({ name }) => name);
}

function named(index: string, cwd: string, env: Environment): { path: string; name: string }[] {
  return projectConfigs([cwd], env).flatMap(({ files }) =>
    files.flatMap(({ path, table }) =>
      Object.entries((table["registries"] ?? {}) as Record<string, { index?: unknown } | null>)
        .filter(([, registry]) => registry?.index === index)
        .map(([name]) => ({ path, name })),
    ),
  );
}
