/** Environment variables that Vouch reads, as the manual page and docs/environment.md show them. */

export interface Variable {
  /** The name, or several with the same meaning. */
  names: string[];
  /** The part of Vouch that reads it. */
  readBy: string;
  meaning: string;
}

export interface VariableGroup {
  title: string;
  variables: Variable[];
}
