/** The package managers that can be set up: how each is found, which file it reads, and how that file is edited. */
import type { PackageFormat } from "../agent/protocol.ts";
import { setCargoRegistry, unsetCargoRegistry } from "./cargo/config-file.ts";
import type { Edited } from "../editing/edited.ts";
import { cargoConfigPath, npmConfigPath, pipConfigPath } from "../base/system/home.ts";
import { dropNpmRegistry, setNpmRegistry, unsetNpmRegistry } from "./npm/config-file.ts";
import { dropPipIndex, setPipIndex, unsetPipIndex } from "./pip/config-file.ts";
import type { RepositorySettings } from "../settings/settings.ts";
import { findInstalled } from "./shims.ts";
import { VouchError } from "../base/errors.ts";
import { usage } from "../cli/framework/arguments.ts";

export type ToolName = "cargo" | "pip" | "npm";

type Environment = Record<string, string | undefined>;

/** What an edit of a tool's file needs to know beside the repository. */
export interface ToolEdit {
  /** The block's id, the file's path for messages, and the path of vouch that is written. */
  id: string;
  file: string;
  executable: string;
  /** Endpoints of the format that a block of ours may name. */
  endpoints: string[];
}

interface Tool {
  format: PackageFormat;
  /** The programs of which one must be on PATH. */
  programs: string[];
  path: (env: Environment) => string;
  /** The file's text with the repository in it, whose endpoint for the format is set. */
  set: (text: string | undefined, repository: RepositorySettings, edit: ToolEdit) => Edited;
  /** The file's text as it was before; `onKept` is told lines of the user's in the block. */
  unset: (text: string, id: string, edit: ToolEdit, onKept: (line: string) => void) => string | undefined;
  /**
   * The file's text without the repository, and with what a block had replaced, when the tool itself has written it anew
   * and dropped the marks. Undefined where it does not name the repository; absent for a tool that writes no such file.
   */
  drop?: (text: string, repository: RepositorySettings, replaced: string[]) => string | undefined;
  /** What was written, in words, and what to type. */
  written: (repository: RepositorySettings) => string;
  next: (repository: RepositorySettings) => [command: string, does: string][];
}

export const tools: Record<ToolName, Tool> = {
  cargo: {
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
    unset: (text, id, { file, executable, endpoints }, onKept) =>
      unsetCargoRegistry(text, id, { file, indexes: endpoints.map(cargoIndex), executables: [executable], onKept }),
    written: ({ registryName }) => `the registry ${registryName}, with Vouch as its credential provider`,
    next: ({ registryName }) => [
      [`cargo add --registry ${registryName} CRATE`, "use a crate of the repository"],
      [`cargo publish --registry ${registryName}`, "publish yours"],
    ],
  },
  pip: {
    format: "pypi",
    programs: ["pip", "pip3"],
    path(env) {
      const path = pipConfigPath(env);
      if (path !== "/dev/null") return path;
      throw new VouchError("edit_conflict", "PIP_CONFIG_FILE is /dev/null, so pip reads no configuration file.", {
        hint: "Unset PIP_CONFIG_FILE, or leave pip out: --tool cargo,npm",
      });
    },
    set: (text, { endpoints }, { id, file, endpoints: formerly }) =>
      setPipIndex(text, id, pipIndex(endpoints.pypi!), file, formerly.map(pipIndex)),
    unset: (text, id, { file, endpoints }, onKept) =>
      unsetPipIndex(text, id, { file, indexes: endpoints.map(pipIndex), onKept }),
    drop: (text, { endpoints }, replaced) => dropPipIndex(text, pipIndex(endpoints.pypi!), replaced),
    written: () => "index-url with the user name aws, and keyring-provider = subprocess",
    next: () => [["pip install PACKAGE", "install from the repository"]],
  },
  npm: {
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
  },
};

function cargoIndex(endpoint: string): string {
  return `sparse+${endpoint}`;
}

/** The index as pip before 26.2 needs it: with a user name, or it never asks `keyring`. */
function pipIndex(endpoint: string): string {
  const index = new URL("simple/", endpoint);
  index.username = "aws";
  return index.href;
}

export const toolNames = Object.keys(tools) as ToolName[];

/** The tools named by `--tool`, which may be repeated and take lists (`cargo,npm`); in a fixed order. Throws `usage`. */
export function parseTools(values: string[], command: string): ToolName[] {
  const named = values.flatMap((value) => value.split(",")).map((name) => name.trim());
  const unknown = named.find((name) => !Object.hasOwn(tools, name));
  if (unknown !== undefined) {
    const meant = unknown === "pnpm" ? "--tool npm" : undefined;
    throw usage(`--tool expects cargo, pip or npm, got "${unknown}".`, command, meant);
  }
  return toolNames.filter((name) => named.includes(name));
}

/** The tools that are installed: found on PATH, apart from Vouch's own shims. */
export function installedTools(env: Environment): ToolName[] {
  return toolNames.filter((name) => tools[name].programs.some((program) => findInstalled(program, env) !== undefined));
}
