/** yarn 1, and yarn 2 and later, as `vouch setup codeartifact` sees them: one name, and one file of the home folder. */
import { join } from "node:path";
import { homeFolder } from "../../base/system/home.ts";
import { findInstalled } from "../shims.ts";
import { boundByScope } from "../npm/scopes.ts";
import type { Tool } from "../tool.ts";
import { dropYarnRegistry, setYarnRegistry, unsetYarnRegistry } from "./config-file.ts";
import { checkYarn, yarnVariables } from "./doctor.ts";
import { yarnTokenPlaces } from "./stored-tokens.ts";

const names = ["yarn", "yarnpkg"];

const set: Tool["set"] = (text, { endpoints, npmScopes }, { id, file, endpoints: formerly }) =>
  setYarnRegistry(text, id, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, file, formerly);
const unset: Tool["unset"] = (text, id, { file, endpoints }, onKept) =>
  unsetYarnRegistry(text, id, { file, endpoints, onKept });

export const yarn: Tool = {
  format: "npm",
  programs: names,
  path: (env) => join(homeFolder(env), ".yarnrc.yml"),
  set,
  unset,
  drop: (text, { endpoints, npmScopes }, replaced) =>
    dropYarnRegistry(text, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, replaced),
  written: ({ npmScopes }) =>
    npmScopes ? `the registry of ${npmScopes.join(", ")}, without a token` : "the registry, without a token",
  next: ({ npmScopes }) => [
    [`yarn add ${npmScopes ? `${npmScopes[0]}/` : ""}PACKAGE`, "install from the repository"],
    ["yarn npm publish", "publish yours (yarn 1: yarn publish)"],
  ],
  ...boundByScope("yarn"),
  project: { path: ".yarnrc.yml", set, unset },
  warnings: () => [],
  shims: (env, isLinked) =>
    names.filter((name) => name === "yarn" || isLinked(name) || findInstalled(name, env) !== undefined),
  needsShim: () => true,
  runShim: async (name, args) => (await import("./shim.ts")).runYarnShim(name, args),
  check: checkYarn,
  variables: yarnVariables,
  tokenPlaces: yarnTokenPlaces,
};
