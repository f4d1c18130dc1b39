/** Doctor's checks of yarn: whether its user file names a configured repository, and what stands before it. */
import { join } from "node:path";
import { failure, type Finding, type Machine, ok, type StoredToken, type VariableRule, warns } from "../finding.ts";
import { classify, codeArtifactRemedy, setupCommand, withoutSecrets } from "../registry-url.ts";
import { readSmallFile, tableOf } from "../small-files.ts";

/** Findings on yarn's registries. */
export function checkYarn({ home, settings }: Machine): Finding[] {
  const path = join(home, ".yarnrc.yml");
  const first = settings.repositories.find(({ files }) => files?.["yarn"] !== undefined);
  const found = registriesIn(path);
  const findings = found.flatMap(([key, url]): Finding[] => {
    const kind = classify(url, "npm", settings);
    if (kind.kind === "configured") return [ok("yarn-registry", `yarn's ${key} is ${withoutSecrets(url)} (${path}).`)];
    if (kind.kind === "other") return [];
    return [
      failure(
        "yarn-registry",
        `yarn's ${key} is ${withoutSecrets(url)} (${path}), a repository that Vouch is not set up for.`,
        codeArtifactRemedy(kind, "yarn"),
      ),
    ];
  });
  if (first && !findings.some(({ status }) => status === "ok")) {
    findings.push(
      failure("yarn-registry", `${path} names no repository that Vouch is set up for.`, setupCommand(first, "yarn")),
    );
  }
  return findings;
}

/** The registries of the file: the key, and the URL. */
function registriesIn(path: string): [key: string, url: string][] {
  const document = documentIn(path);
  const scopes = Object.entries(tableOf(document["npmScopes"])).map(
    ([scope, value]) => [`registry of @${scope}`, tableOf(value)["npmRegistryServer"]] as const,
  );
  return [["npmRegistryServer", document["npmRegistryServer"]] as const, ...scopes].flatMap(([key, url]) =>
    typeof url === "string" ? [[key, url] as [string, string]] : [],
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
    harm: (value, { settings }) =>
      classify(value, "npm", settings).kind === "configured"
        ? undefined
        : warns(`is ${withoutSecrets(value)}: yarn takes it before the registry of its files`),
  },
  {
    name: /^YARN_ENABLE_STRICT_SSL$/,
    harm: (value) => (/^(0|false)$/.test(value) ? warns("has yarn verify no certificate; Vouch does") : undefined),
  },
];

/** Tokens that `yarn npm login` has stored. */
export function storedYarnTokens({ home, settings }: Machine): StoredToken[] {
  const path = join(home, ".yarnrc.yml");
  const document = documentIn(path);
  const tables = [document, ...Object.values(tableOf(document["npmScopes"])).map(tableOf)];
  const holds = (table: Record<string, unknown>): boolean => {
    const token = table["npmAuthToken"];
    return typeof token === "string" && token !== "" && !token.includes("${");
  };
  const registries = Object.entries(tableOf(document["npmRegistries"])).filter(([, value]) => holds(tableOf(value)));
  const isOurs = (url: unknown): boolean =>
    typeof url === "string" && classify(`https:${url.replace(/^https:/, "")}`, "npm", settings).kind !== "other";
  const found =
    registries.some(([key]) => isOurs(key)) ||
    tables.some((table) => holds(table) && isOurs(table["npmRegistryServer"] ?? document["npmRegistryServer"]));
  return found ? [{ path, tool: "yarn" }] : [];
}
