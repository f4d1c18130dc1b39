/** Interface: a package manager that can be set up: how it is found, which file it reads, and how that file is edited. */
import type { PackageFormat } from "../agent/protocol.ts";
import type { Edited } from "../editing/edited.ts";
import type { RepositorySettings } from "../settings/settings.ts";

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
  path: (env: Record<string, string | undefined>) => string;
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
