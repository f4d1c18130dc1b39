/** What an edit of a configuration file gives. */
export interface Edited {
  text: string;
  /** What the user should look at in the same file: whole sentences. */
  warnings: string[];
}

/** The command that people read in the marks of a block. */
export const undoCommand = "vouch setup codeartifact --remove";
