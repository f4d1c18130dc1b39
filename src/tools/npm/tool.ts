/** npm, pnpm and deno, which read one file, as `vouch setup codeartifact` sees them. */
import { dirname } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { findIn } from "../../base/system/path.ts";
import { findInstalled } from "../shims.ts";
import type { Tool } from "../tool.ts";
import { dropNpmRegistry, setNpmRegistry, unsetNpmRegistry } from "./config-file.ts";
import { npmConfigPath } from "./config-path.ts";
import { checkNpm, judgeNpm } from "./doctor.ts";
import { boundByScope } from "./scopes.ts";
import { npmTokenPlaces } from "./stored-tokens.ts";
import { npmVariables } from "./variables.ts";

const set: Tool["set"] = (text, { endpoints, npmScopes }, { id, file, endpoints: formerly }) =>
  setNpmRegistry(text, id, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, file, formerly);
const unset: Tool["unset"] = (text, id, { file, endpoints }, onKept) =>
  unsetNpmRegistry(text, id, { file, endpoints, onKept });

export const npm: Tool = {
  format: "npm",
  programs: ["npm", "pnpm", "deno"],
  alsoFor: ["pnpm", "deno"],
  path: npmConfigPath,
  set,
  unset,
  drop: (text, { endpoints, npmScopes }, replaced) =>
    dropNpmRegistry(text, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, replaced),
  written: ({ npmScopes }) =>
    npmScopes ? `the registry of ${npmScopes.join(", ")}, without a token` : "the registry, without a token",
  next: ({ npmScopes }) => [
    [`npm install ${npmScopes ? `${npmScopes[0]}/` : ""}PACKAGE`, "install from the repository"],
    ["npm publish", "publish yours"],
  ],
  ...boundByScope("npm"),
  project: { path: ".npmrc", set, unset },
  warnings: () => [],
  shims: (env, isLinked) => ["npm", "npx", ...pnpmNames(env, isLinked), ...denoNames(env, isLinked)],
  runShim: async (name, args) => (await import("../deno/shim.ts")).runDenoShim(name, args),
  needsShim: () => true,
  check: checkNpm,
  asks: { program: "npm", args: ["config", "get", "registry"], judge: judgeNpm },
  variables: npmVariables,
  tokenPlaces: npmTokenPlaces,
};

/** The other names of pnpm: `pnpm dlx`, and the short forms since pnpm 11. */
const besidePnpm = ["pnpx", "pn", "pnx"];

/**
 * Links for pnpm are made only if pnpm is installed (otherwise `command -v pnpm` would be wrong) and kept afterwards: a
 * setup from a shell whose PATH lacks pnpm must not remove them for other shells.
 */
function pnpmNames(env: Environment, isLinked: (name: string) => boolean): string[] {
  const pnpm = findInstalled("pnpm", env);
  const isInstalled = (name: string): boolean =>
    pnpm !== undefined && (name === "pnpm" || findIn(dirname(pnpm), name) !== undefined);
  return ["pnpm", ...besidePnpm].filter((name) => isInstalled(name) || isLinked(name));
}

/** As for pnpm. */
function denoNames(env: Environment, isLinked: (name: string) => boolean): string[] {
  return isLinked("deno") || findInstalled("deno", env) !== undefined ? ["deno"] : [];
}
