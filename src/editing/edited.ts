/** What an edit of a configuration file gives. */
export interface Edited {
  text: string;
  /** What the user should look at in the same file: whole sentences. */
  warnings: string[];
}

/** The command that takes everything away again. */
export const removeCommand = "vouch setup codeartifact --remove";

/** The command that people read in the marks of a repository's block: it takes this one away, as it stands. */
export function undoCommand(id: string): string {
  const [, domain, repository, owner, region] = /^(\S+?)\/(\S+) (\d+) (\S+)$/.exec(id) ?? [];
  if (region === undefined) return removeCommand;
  return `${removeCommand} --domain ${domain} --domain-owner ${owner} --region ${region} --repository ${repository}`;
}
