/** Cargo's entry in the table of tools. */
import type { Tool } from "../tool.ts";
import { setCargoRegistry, unsetCargoRegistry } from "./config-file.ts";
import { cargoConfigPath } from "./config-path.ts";
import { checkCargo } from "./doctor.ts";
import { otherNames } from "./project/other-names.ts";
import { cargoTokenPlaces } from "./stored-tokens.ts";
import { cargoVariables } from "./variables.ts";

const unset: Tool["unset"] = (text, id, { file, executable, endpoints }, onKept) =>
  unsetCargoRegistry(text, id, { file, indexes: endpoints.map(cargoIndex), executables: [executable], onKept });

export const cargo: Tool = {
  format: "cargo",
  programs: ["cargo"],
  path: cargoConfigPath,
  set: (text, { endpoints, registryName }, { id, executable, file, endpoints: formerly }) =>
    setCargoRegistry(
      text,
      id,
      { name: registryName!, index: cargoIndex(endpoints.cargo!), credentialProvider: executable },
      file,
      formerly.map(cargoIndex),
    ),
  unset,
  written: ({ registryName }) => `the registry ${registryName}, with Vouch as its credential provider`,
  next: ({ registryName }) => [
    [`cargo add --registry ${registryName} CRATE`, "use a crate of the repository"],
    [`cargo publish --registry ${registryName}`, "publish yours"],
  ],
  hasDefault: false,
  settings: ["registryName"],
  takesAll: () => false,
  project: {
    path: ".cargo/config.toml",
    set: (text, { endpoints, registryName }, { id, file, endpoints: formerly }) =>
      setCargoRegistry(
        text,
        id,
        { name: registryName!, index: cargoIndex(endpoints.cargo!) },
        file,
        formerly.map(cargoIndex),
      ),
    unset,
  },
  warnings: otherNames,
  shims: () => [],
  needsShim: () => false,
  check: checkCargo,
  variables: cargoVariables,
  tokenPlaces: cargoTokenPlaces,
};

function cargoIndex(endpoint: string): string {
  return `sparse+${endpoint}`;
}
