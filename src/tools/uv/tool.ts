/** uv's entry in the table of tools. */
import { VouchError } from "../../base/errors.ts";
import { indexNames, indexWithUser, withUser } from "../python/index-url.ts";
import type { Tool } from "../tool.ts";
import { setUvIndex, unsetUvIndex } from "./config-file.ts";
import { uvConfigPath } from "./config-path.ts";
import { checkUv, uvVariables } from "./doctor.ts";
import { uvTokenPlaces } from "./stored-tokens.ts";

/** The URLs that a block of ours may contain. */
function urlsOf(endpoints: string[]): string[] {
  return endpoints.flatMap((endpoint) => [indexWithUser(endpoint), withUser(endpoint)]);
}

export const uv: Tool = {
  format: "pypi",
  programs: ["uv"],
  path(env) {
    if (!env["UV_NO_CONFIG"]) return uvConfigPath(env);
    throw new VouchError("edit_conflict", "UV_NO_CONFIG is set, so uv reads no configuration file.", {
      hint: "Unset UV_NO_CONFIG, then run the command again.",
    });
  },
  set: (text, { endpoints, extra }, { id, file, endpoints: formerly }) =>
    setUvIndex(
      text,
      id,
      {
        names: indexNames(id),
        url: indexWithUser(endpoints.pypi!),
        publishUrl: withUser(endpoints.pypi!),
        isExplicit: extra === true,
      },
      file,
      urlsOf(formerly),
    ),
  unset: (text, id, { file, endpoints }, onKept) =>
    unsetUvIndex(text, id, { file, names: indexNames(id), urls: urlsOf(endpoints), onKept }),
  written: ({ repository, extra }) =>
    `the index ${repository}${extra ? ", for packages that a project pins to it" : ""}, and keyring-provider = "subprocess"`,
  // uv takes an index that a package is pinned to from the project's file alone; this writes it there.
  next: ({ repository, endpoints, extra }) => [
    [
      extra ? `uv add --index ${repository}=${indexWithUser(endpoints.pypi!)} PACKAGE` : "uv add PACKAGE",
      "use a package of the repository",
    ],
    [`uv publish --index ${repository}`, "publish yours"],
  ],
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => extra !== true,
  project: {
    refusal: ({ repository, endpoints }) =>
      `In a project \`uv add --index ${repository}=${indexWithUser(endpoints.pypi!)} PACKAGE\` names the repository, in pyproject.toml`,
  },
  warnings: () => [],
  shims: () => ["keyring"],
  needsShim: () => true,
  check: checkUv,
  variables: uvVariables,
  tokenPlaces: uvTokenPlaces,
};
