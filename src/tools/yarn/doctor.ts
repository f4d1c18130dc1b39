/** Doctor's checks of yarn: whether its user file names a configured repository, and what stands before it. */
import { join } from "node:path";
import { type Finding, type Machine, type VariableRule, warns } from "../checks/finding.ts";
import { checkRegistries, type NamedRegistry } from "../npm/registry-check.ts";
import { unlessConfigured } from "../registry-url.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";

/** Findings on yarn's registries. */
export function checkYarn({ home, settings }: Machine): Finding[] {
  const path = join(home, ".yarnrc.yml");
  return checkRegistries("yarn", registriesIn(path), path, settings);
}

/** The registries of the file. */
function registriesIn(path: string): NamedRegistry[] {
  const document = documentIn(path);
  const scopes = Object.entries(tableOf(document["npmScopes"])).map(
    ([scope, value]) => [`registry of @${scope}`, tableOf(value)["npmRegistryServer"]] as const,
  );
  return [["npmRegistryServer", document["npmRegistryServer"]] as const, ...scopes].flatMap(([key, url]) =>
    typeof url === "string" ? [{ key, url }] : [],
  );
}

function documentIn(path: string): Record<string, unknown> {
  try {
    return tableOf(Bun.YAML.parse(readSmallFile(path) ?? ""));
  } catch {
    return {};
  }
}

export const yarnVariables: VariableRule[] = [
  {
    name: /^YARN_NPM_AUTH_TOKEN$/,
    harm: () => warns("goes to whatever registry a project names: the shim needs no such variable"),
  },
  {
    name: /^YARN_NPM_REGISTRY_SERVER$/,
    harm: unlessConfigured("npm", "yarn takes it before the registry of its files"),
  },
  {
    name: /^YARN_ENABLE_STRICT_SSL$/,
    harm: (value) => (/^(0|false)$/.test(value) ? warns("has yarn verify no certificate; Vouch does") : undefined),
  },
];
