/** Doctor's checks of bun: whether its user file names a configured repository, and what stands before it. */
import { type Finding, type Machine, type VariableRule, warns } from "../checks/finding.ts";
import { checkRegistries, type NamedRegistry } from "../npm/registry-check.ts";
import { unlessConfigured } from "../registry-url.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { bunConfigPath } from "./config-path.ts";

interface Registry extends NamedRegistry {
  token: unknown;
}

/** Findings on bun's registries. */
export function checkBun({ env, settings }: Machine): Finding[] {
  const path = bunConfigPath(env);
  return checkRegistries("bun", registriesIn(path), path, settings);
}

/** The registries of a bunfig.toml: a URL, or a table with one. */
function registriesIn(path: string): Registry[] {
  const install = tableOf(readTomlFile(path)?.["install"]);
  const all: [string, unknown][] = [
    ["install.registry", install["registry"]],
    ...Object.entries(tableOf(install["scopes"])).map(([scope, value]): [string, unknown] => [
      `install.scopes."${scope}"`,
      value,
    ]),
  ];
  return all.flatMap(([key, value]) => {
    const { url = value, token } = tableOf(value);
    return typeof url === "string" ? [{ key, url, token }] : [];
  });
}

export const bunVariables: VariableRule[] = [
  {
    name: /^(BUN_CONFIG_TOKEN|NPM_CONFIG_TOKEN|npm_config_token)$/,
    harm: () => warns("goes to whatever registry a project names: the shim needs no such variable"),
  },
  {
    name: /^(BUN_CONFIG_REGISTRY|NPM_CONFIG_REGISTRY|npm_config_registry)$/,
    harm: unlessConfigured("npm", "bun takes it before the registry of its files"),
  },
];
