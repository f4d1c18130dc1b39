import { VouchError } from "../base/errors.ts";

/** The result of an edit of a configuration file. */
export interface Edited {
  text: string;
  /** Full sentences on what the user should check in the same file. */
  warnings: string[];
  /** Such sentences that name lines: of the text as it is after all edits of the file. */
  atEnd?: (text: string) => string[];
}

/** The command that undoes all edits. */
export const removeCommand = "vouch setup codeartifact --remove";

/** Returns the command shown in a block's mark: it undoes this repository only and can be copied verbatim. */
export function undoCommand(id: string): string {
  const [, domain, repository, owner, region] = /^(\S+?)\/(\S+) (\d+) (\S+)$/.exec(id) ?? [];
  if (region === undefined) return removeCommand;
  return `${removeCommand} --domain ${domain} --domain-owner ${owner} --region ${region} --repository ${repository}`;
}

/** The error for a file that cannot be edited so that nothing else changes; the hint says what to write by hand. */
export function notEditable(file: string, hint: string): VouchError {
  return new VouchError("edit_conflict", `${file} is written in a way that Vouch does not change by itself.`, { hint });
}

/** Begins the hint of such an error, before the lines to write. */
export const byHandHint = "Write it by hand in the form that the file uses, and set up the other tools by --tool:";
