/** What a command of the command line is: a citty definition and what its help teaches. */
import type { ArgsDef, CommandDef, CommandMeta } from "citty";

interface Teaching {
  /** The words after the command's name in the usage line; derived from the arguments when absent. */
  usage?: string;
  /** Paragraphs after the description: what happens, what is needed. */
  details?: string[];
  /** Command lines that work as they stand, each with what it does. */
  examples?: [command: string, does: string][];
}

/** A command whose first sentence (`meta.description`), arguments and teaching make its help text. */
export interface Command<T extends ArgsDef = ArgsDef> extends CommandDef<T> {
  meta: CommandMeta & { description: string };
  teaching?: Teaching;
}

/** Lets the compiler infer the types of the arguments for `run`, and forgets them for those who hold many commands. */
export function defineCommand<const T extends ArgsDef = ArgsDef>(command: Command<T>): Command {
  return command as unknown as Command;
}

/** The roles that are above the command line in the layers; main.ts hands them in. */
export interface Roles {
  agent: () => Promise<{ runAgent: () => Promise<number> }>;
  server: () => Promise<{ serverCommand: Command }>;
}

/** A command's line in the overview, and its loader: commands are loaded when they are used. */
export interface CommandEntry {
  group: "every day" | "set up" | "for programs" | "for companies";
  summary: string;
  load: (roles: Roles) => Promise<Command>;
}
