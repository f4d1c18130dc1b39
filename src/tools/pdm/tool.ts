/** PDM's entry in the table of tools. */
import { indexNames, indexOf } from "../python/index-url.ts";
import type { Tool } from "../tool.ts";
import { dropPdmRepository, pdmName, setPdmRepository, unsetPdmRepository } from "./config-file.ts";
import { pdmConfigPath } from "./config-path.ts";
import { checkPdm, pdmVariables } from "./doctor.ts";
import { pdmTokenPlaces } from "./stored-tokens.ts";

/** The URLs that a block of ours may contain. */
function urlsOf(endpoints: string[]): string[] {
  return endpoints.flatMap((endpoint) => [indexOf(endpoint), endpoint]);
}

export const pdm: Tool = {
  format: "pypi",
  programs: ["pdm"],
  path: pdmConfigPath,
  set: (text, { endpoints, extra }, { id, file, endpoints: formerly }) =>
    setPdmRepository(
      text,
      id,
      {
        names: indexNames(id).map(pdmName),
        index: indexOf(endpoints.pypi!),
        publishUrl: endpoints.pypi!,
        isExtra: extra === true,
      },
      file,
      urlsOf(formerly),
    ),
  unset: (text, id, { file, endpoints }, onKept) =>
    unsetPdmRepository(text, id, { file, urls: urlsOf(endpoints), onKept }),
  drop: (text, { endpoints }, replaced) => dropPdmRepository(text, urlsOf([endpoints.pypi!]), replaced),
  written: ({ repository, extra }) =>
    `the ${extra ? "additional index" : "index"}, and the repository ${pdmName(repository)} to publish to`,
  next: ({ repository }) => [
    ["pdm add PACKAGE", "use a package of the repository"],
    [`pdm publish --repository ${pdmName(repository)}`, "publish yours"],
  ],
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => extra !== true,
  // PDM looks for every package in all of its indexes.
  extra: { mixes: true },
  project: {
    refusal: ({ repository, endpoints }) =>
      `In a project [[tool.pdm.source]] of pyproject.toml names the repository: name = "${repository}", url = "${indexOf(endpoints.pypi!)}"`,
  },
  warnings: () => [],
  // PDM asks `keyring` for what it reads.
  shims: () => ["keyring", "pdm"],
  runShim: async (name, args) => (await import("./shim.ts")).runPdmShim(name, args),
  needsShim: () => true,
  check: checkPdm,
  variables: pdmVariables,
  tokenPlaces: pdmTokenPlaces,
};
