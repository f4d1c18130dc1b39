/** npm and pnpm, which read one file, as `vouch setup codeartifact` sees them. */
import type { Tool } from "../tool.ts";
import { dropNpmRegistry, setNpmRegistry, unsetNpmRegistry } from "./config-file.ts";
import { npmConfigPath } from "./config-path.ts";

export const npm: Tool = {
  format: "npm",
  programs: ["npm", "pnpm"],
  path: npmConfigPath,
  set: (text, { endpoints, npmScopes }, { id, file, endpoints: formerly }) =>
    setNpmRegistry(text, id, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, file, formerly),
  unset: (text, id, { file, endpoints }, onKept) => unsetNpmRegistry(text, id, { file, endpoints, onKept }),
  drop: (text, { endpoints, npmScopes }, replaced) =>
    dropNpmRegistry(text, { endpoint: endpoints.npm!, scopes: npmScopes ?? [] }, replaced),
  written: ({ npmScopes }) =>
    npmScopes ? `the registry of ${npmScopes.join(", ")}, without a token` : "the registry, without a token",
  next: ({ npmScopes }) => [
    [`npm install ${npmScopes ? `${npmScopes[0]}/` : ""}PACKAGE`, "install from the repository"],
    ["npm publish", "publish yours"],
  ],
};
