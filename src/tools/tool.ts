/** Interface: a package manager that can be set up: how it is found, which file it reads, and how that file is edited. */
import type { PackageFormat } from "../base/package-format.ts";
import type { Edited } from "../editing/edited.ts";
import type { RepositorySettings } from "../settings/settings.ts";
import type { Finding, Machine, StoredToken, VariableRule } from "./finding.ts";

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

export interface Tool {
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
  /** Whether the repository that was set up last is this tool's default. */
  hasDefault: boolean;
  /** The settings of a repository that only this tool uses: removed with it. */
  settings: ("registryName" | "npmScopes")[];
  /** Whether projects that name no registry of their own ask the repository for every package. */
  takesAll: (repository: RepositorySettings) => boolean;
  /** Sentences about what else stands in the way on this machine, each with a remedy. */
  warnings: (repository: RepositorySettings, cwd: string, env: Environment) => string[];
  /** The names under which the tool has to find links to Vouch on PATH; `isLinked` tells those that are there. */
  shims: (env: Environment, isLinked: (name: string) => boolean) => string[];
  /** Whether the tool gets no token without the shim of that name; else it lacks a convenience only. */
  needsShim: (name: string) => boolean;
  /** Findings of `vouch doctor` on the tool's files. */
  check: (machine: Machine) => Finding[] | Promise<Finding[]>;
  variables: VariableRule[];
  storedTokens: (machine: Machine) => StoredToken[];
  probe: Probe;
}

/** A small request that an endpoint answers only to a token with the right to read. */
export interface Probe {
  /** Relative to the endpoint. */
  path: string;
  authorization: (token: string) => string;
  /** Whether a 2xx answer is one of this registry. */
  isAnswer: (body: string) => boolean;
  /** Whether 404 answers the question: the repository itself is known to exist. */
  mayBeAbsent: boolean;
  /** Whether the registry itself answers with HTML pages. */
  isHtml: boolean;
}
