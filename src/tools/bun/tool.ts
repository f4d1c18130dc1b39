/** bun, as `vouch setup codeartifact` sees it. */
import { findInstalled } from "../shims.ts";
import { boundByScope } from "../npm/scopes.ts";
import type { Tool } from "../tool.ts";
import { setBunRegistry, unsetBunRegistry } from "./config-file.ts";
import { bunConfigPath } from "./config-path.ts";
import { bunVariables, checkBun } from "./doctor.ts";
import { bunTokenPlaces } from "./stored-tokens.ts";

export const bun: Tool = {
  format: "npm",
  programs: ["bun"],
  path: bunConfigPath,
  needsVariable: true,
  set: (text, { endpoints, npmScopes, tokenVariable }, { id, file, endpoints: formerly }) =>
    setBunRegistry(
      text,
      id,
      { endpoint: endpoints.npm!, variable: tokenVariable!, scopes: npmScopes ?? [] },
      file,
      formerly,
    ),
  unset: (text, id, { file, endpoints }, onKept) => unsetBunRegistry(text, id, { file, endpoints, onKept }),
  written: ({ npmScopes }) =>
    npmScopes
      ? `the registry of ${npmScopes.join(", ")}, with the variable of its token`
      : "the registry, with the variable of its token",
  next: ({ npmScopes }) => [
    [`bun add ${npmScopes ? `${npmScopes[0]}/` : ""}PACKAGE`, "install from the repository"],
    ["bun publish", "publish yours"],
  ],
  ...boundByScope("bun"),
  project: {
    refusal: () => "a project's bunfig.toml would take the place of your registry, with its token",
  },
  warnings: () => [],
  shims: (env, isLinked) => ["bun", ...(isLinked("bunx") || findInstalled("bunx", env) !== undefined ? ["bunx"] : [])],
  needsShim: () => true,
  runShim: async (name, args) => (await import("./shim.ts")).runBunShim(name, args),
  check: checkBun,
  variables: bunVariables,
  tokenPlaces: bunTokenPlaces,
};
