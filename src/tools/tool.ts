/** Interface: a package manager that can be set up: detection, configuration file, edits, checks. */
import type { Environment } from "../base/environment.ts";
import type { PackageFormat } from "../base/package-format.ts";
import type { Edited } from "../editing/edited.ts";
import type { RepositorySettings } from "../settings/settings.ts";
import type { Finding, Machine, TokenPlace, VariableRule } from "./checks/finding.ts";

/** Parameters of an edit besides the repository. */
export interface ToolEdit {
  /** The block's id, the file's path for messages, and the path of vouch to write. */
  id: string;
  file: string;
  executable: string;
  /** Endpoints of this format that a block of ours may contain. */
  endpoints: string[];
}

/** As the members of that name of `Tool`, for a file of a project. */
export interface ProjectFile extends Pick<Tool, "set" | "unset"> {
  /** Relative to the project's folder. */
  path: string;
}

export interface Tool {
  format: PackageFormat;
  /** The programs of which one must be on PATH. */
  programs: string[];
  /** Other tools that read the same files and need nothing of their own: `--tool` takes their names, too. */
  alsoFor?: string[];
  /** Why it cannot be set up, with what to do instead; undefined if it can. */
  refusal?: (env: Environment) => string | undefined;
  /** The edited file; empty if a shim is enough. */
  path: (env: Environment) => string;
  /** Whether its file names the variable that its shim sets: the repository then gets a `tokenVariable`. */
  needsVariable?: boolean;
  /** The random parts of further names in its file, which follow from that variable's. */
  namesFrom?: (tokenVariable: string) => string[];
  /** The file's text with the repository added; its endpoint for the format is set. */
  set: (text: string | undefined, repository: RepositorySettings, edit: ToolEdit) => Edited;
  /** The file's text restored; `onKept` receives the user's lines in the block. */
  unset: (text: string, id: string, edit: ToolEdit, onKept: (line: string) => void) => string | undefined;
  /**
   * The file's text without the repository and with the replaced lines restored, if the tool itself has rewritten the
   * file and dropped the marks. Undefined if the text does not name the repository; absent for a tool that rewrites no
   * file.
   */
  drop?: (text: string, repository: RepositorySettings, replaced: string[]) => string | undefined;
  /** A description of what was written, and the commands to try next. */
  written: (repository: RepositorySettings) => string;
  next: (repository: RepositorySettings, env: Environment) => [command: string, does: string][];
  /** Whether a set-up makes the repository this tool's default. */
  hasDefault: boolean;
  /** Fields of a repository's settings that only this tool uses; removed with it. */
  settings: ("registryName" | "npmScopes")[];
  /** Whether projects without a registry of their own ask the repository for every package. */
  takesAll: (repository: RepositorySettings) => boolean;
  /**
   * What stands against the repository beside the public registry (`--extra`): a refusal, or `mixes`, that the tool then
   * takes a package of one name from either ("dependency confusion"). Absent for a tool that binds names to a source.
   */
  extra?: { mixes?: true; refusal?: (repository: RepositorySettings) => string | undefined };
  /**
   * A file of the project's own that names the repository, with nothing personal in it (`--project`), or why not, and what
   * a person writes there: a clause, with the repository's address.
   */
  project?: ProjectFile | { refusal: (repository: RepositorySettings) => string };
  /** Warnings about other obstacles on this machine, each with a remedy. */
  warnings: (repository: RepositorySettings, cwd: string, env: Environment) => string[];
  /** The names under which the tool must find links to Vouch on PATH; `isLinked` reports existing ones. */
  shims: (env: Environment, isLinked: (name: string) => boolean) => string[];
  /**
   * Becomes the real program behind the shim of that name; src/main.ts starts the shims of a build's hot path itself. What
   * it throws goes to stderr, and its exit code to the parent.
   */
  runShim?: (name: string, args: string[]) => Promise<number>;
  /** Whether the tool gets no token without the shim of that name; otherwise it only lacks a convenience. */
  needsShim: (name: string) => boolean;
  /** The doctor's checks of the tool's files. */
  check: (machine: Machine) => Finding[] | Promise<Finding[]>;
  /**
   * A question that the tool itself answers fast and without running a project's code: the answer is the effective value
   * of a setting, which may come from a place that no check knows.
   */
  asks?: { program: string; args: string[]; judge: (answer: string, machine: Machine) => Finding | undefined };
  variables: VariableRule[];
  /** Where tokens may lie: a row for each file, whether it exists or not. */
  tokenPlaces: (machine: Machine) => TokenPlace[];
}
