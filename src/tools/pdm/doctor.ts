/** Doctor's checks of PDM: whether its own file names a configured repository, and what comes before `keyring`. */
import { failure, type Finding, type Machine, ok } from "../checks/finding.ts";
import { fails, type VariableRule, warns } from "../checks/finding.ts";
import { classify, setupCommand, unlessConfigured, withoutSecrets } from "../registry-url.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { pdmConfigPath } from "./config-path.ts";

/** Findings on PDM's user configuration, where `vouch setup` has set up PDM. */
export function checkPdm({ settings, env }: Machine): Finding[] {
  const repository = settings.repositories.findLast(({ files }) => files?.["pdm"] !== undefined);
  if (repository === undefined) return [];
  const path = pdmConfigPath(env);
  const pypi = tableOf(readTomlFile(path)?.["pypi"]);
  const named = repository.extra === true ? Object.values(pypi).map((each) => tableOf(each)["url"]) : [pypi["url"]];
  const urls = named.filter((url) => typeof url === "string");
  const found = urls.find((url) => classify(url, "pypi", settings).kind === "configured");
  if (found !== undefined) return [ok("pdm-index", `PDM's index is ${withoutSecrets(found)} (${path}).`)];
  const first = urls[0] === undefined ? "is not set" : `is ${withoutSecrets(urls[0])}`;
  const said = `PDM's index ${first} (${path}), expected your repository.`;
  return [failure("pdm-index", said, setupCommand(repository, "pdm"))];
}

export const pdmVariables: VariableRule[] = [
  { name: /^PDM_(PYPI|PUBLISH)_PASSWORD$/, harm: () => warns("holds a password that PDM takes before it asks Vouch") },
  {
    name: /^PDM_PYPI_URL$/,
    harm: unlessConfigured("pypi", "PDM takes it before the index of its files"),
  },
  {
    name: /^PDM_PYPI_VERIFY_SSL$/,
    harm: (value) =>
      /^(false|no|0|)$/i.test(value) ? fails(`is ${value}: PDM checks no certificate, and sends the token`) : undefined,
  },
];
