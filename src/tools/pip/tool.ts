/** pip's entry in the table of tools. */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { join, resolve } from "node:path";
import { pathFolders } from "../../base/system/path.ts";
import { namesIn } from "../../base/system/folder-names.ts";
import { findInstalled } from "../shims.ts";
import { indexWithUser } from "../python/index-url.ts";
import type { Tool } from "../tool.ts";
import { dropPipIndex, type PipKey, setPipIndex, unsetPipIndex } from "./config-file.ts";
import { pipConfigPath } from "./config-path.ts";
import { checkPip, judgePip } from "./doctor.ts";
import { pipTokenPlaces } from "./stored-tokens.ts";
import { pipVariables } from "./variables.ts";
import { oldPip } from "./version.ts";

export const pip: Tool = {
  format: "pypi",
  programs: ["pip", "pip3"],
  alsoFor: ["pipx"],
  path(env) {
    const path = pipConfigPath(env);
    if (path !== "/dev/null") return path;
    throw new VouchError("edit_conflict", "PIP_CONFIG_FILE is /dev/null, so pip reads no configuration file.", {
      hint: "Unset PIP_CONFIG_FILE, or leave pip out: --tool cargo,npm",
    });
  },
  set: (text, { endpoints, extra }, { id, file, endpoints: formerly }) =>
    setPipIndex(text, id, indexWithUser(endpoints.pypi!), file, formerly.map(indexWithUser), keyOf(extra)),
  unset: (text, id, { file, endpoints }, onKept) =>
    unsetPipIndex(text, id, { file, indexes: endpoints.map(indexWithUser), onKept }),
  drop: (text, { endpoints, extra }, replaced) =>
    dropPipIndex(text, indexWithUser(endpoints.pypi!), replaced, keyOf(extra)),
  written: ({ extra }) => `${keyOf(extra)} with the user name aws, and keyring-provider = subprocess`,
  next: (_repository, env) => {
    // An old pip gets its token from `vouch exec` only.
    const command = oldPip(env) === undefined ? "pip install PACKAGE" : "vouch exec -- pip install PACKAGE";
    return [[command, "install from the repository"]];
  },
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => !extra,
  extra: { mixes: true },
  project: {
    refusal: ({ endpoints }) =>
      `pip reads no configuration of a project's: write \`--index-url ${indexWithUser(endpoints.pypi!)}\` into its requirements.txt`,
  },
  warnings(_repository, _cwd, env) {
    const old = oldPip(env);
    return old ? [`${old.found} ${old.remedy}`] : [];
  },
  shims: (env) => ["keyring", "pip", "pip3", ...versionedPips(env)],
  // pip asks keyring itself if the URL has a user name.
  needsShim: (name) => name === "keyring",
  check: checkPip,
  asks: { program: "pip", args: ["config", "get", "global.index-url"], judge: judgePip },
  variables: pipVariables,
  tokenPlaces: pipTokenPlaces,
};

function keyOf(extra: boolean | undefined): PipKey {
  return extra ? "extra-index-url" : "index-url";
}

/**
 * `pip3.12` and similar names of every Python on PATH, except in an activated environment, which does not stay on PATH.
 */
function versionedPips(env: Environment): string[] {
  const environment = env["VIRTUAL_ENV"] && join(env["VIRTUAL_ENV"], "bin");
  const folders = pathFolders(env).filter((folder) => resolve(folder) !== environment);
  const names = folders.flatMap(namesIn).filter((name) => /^pip3\.\d+$/.test(name));
  return [...new Set(names)]
    .filter((name) => findInstalled(name, { PATH: folders.join(":") }) !== undefined)
    .toSorted();
}
