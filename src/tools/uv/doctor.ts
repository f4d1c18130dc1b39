/** Doctor's checks of uv: whether its own file names a configured repository, and our keyring. */
import type { RepositorySettings } from "../../settings/settings.ts";
import { failure, fails, type Finding, type Machine, ok, type VariableRule, warns } from "../checks/finding.ts";
import { classify, setupCommand, withoutSecrets } from "../registry-url.ts";
import { isOnConfiguredHost } from "../../settings/registries.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { uvConfigPath } from "./config-path.ts";

/** Findings on uv's user configuration, where `vouch setup` has set up uv. */
export function checkUv(machine: Machine): Finding[] {
  const { settings, env } = machine;
  const repository = settings.repositories.findLast(({ files }) => files?.["uv"] !== undefined);
  if (repository === undefined) return [];
  const path = uvConfigPath(env);
  const config = readTomlFile(path);
  return [
    checkIndex(path, config ?? {}, repository, machine),
    ...checkProvider(path, config ?? {}, repository, machine),
  ];
}

type Table = Record<string, unknown>;

function checkIndex(path: string, config: Table, repository: RepositorySettings, { settings }: Machine): Finding {
  const indexes = [config["index"]].flat().map(tableOf);
  const isDefault = (index: Table): boolean => index["default"] === true;
  const wanted = repository.extra === true ? indexes : indexes.filter(isDefault).slice(0, 1);
  const found = wanted.find(({ url }) => classify(String(url), "pypi", settings).kind === "configured");
  if (found !== undefined) return ok("uv-index", `uv's index is ${withoutSecrets(String(found["url"]))} (${path}).`);
  const first = wanted[0]?.["url"];
  const said =
    typeof first === "string"
      ? `uv's default index is ${withoutSecrets(first)} (${path}), not your repository.`
      : `${path} names no repository that Vouch is set up for: uv asks the public index.`;
  return failure("uv-index", said, setupCommand(repository, "uv"));
}

/** `uv pip` reads `[pip]` first. A variable comes before the file, and has a rule of its own. */
function checkProvider(path: string, config: Table, repository: RepositorySettings, { env }: Machine): Finding[] {
  if (env["UV_KEYRING_PROVIDER"]) return [];
  const providers = [config["keyring-provider"], tableOf(config["pip"])["keyring-provider"] ?? "subprocess"];
  const other = providers.find((provider) => provider !== "subprocess");
  if (providers.every((provider) => provider === "subprocess")) return [];
  const said = `uv's keyring-provider is ${typeof other === "string" ? other : "not set"} in ${path}, expected subprocess: uv does not ask Vouch for the token.`;
  return [failure("uv-keyring-provider", said, setupCommand(repository, "uv"))];
}

/** Variables that keep uv from its file, or from checking whom it talks to. Those of its indexes are pip's rules. */
export const uvVariables: VariableRule[] = [
  { name: /^UV_NO_CONFIG$/, harm: () => fails("is set: uv reads none of its files") },
  {
    name: /^UV_INSECURE_HOST$/,
    harm: (value, { settings }) => {
      const hosts = value.split(/[\s,]+/).filter((host) => host !== "");
      // uv takes a host, with a scheme or without.
      const isOurs = (host: string) => isOnConfiguredHost(settings, host.includes("://") ? host : `https://${host}`);
      return hosts.some(isOurs) ? warns(`is ${value}: uv checks no certificate there, and sends the token`) : undefined;
    },
  },
];
