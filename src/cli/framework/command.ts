/** The types of a command: a citty definition plus its help text. */
import type { RunOptions } from "../../agent/process/daemon.ts";
import type { ArgsDef, CommandDef, CommandMeta } from "citty";

interface Teaching {
  /** The usage line after the command's name; derived from the arguments if absent. */
  usage?: string;
  /** Paragraphs after the description: effects, prerequisites. */
  details?: string[];
  /** Command lines that work verbatim, each with its effect. */
  examples?: [command: string, does: string][];
}

/** A command; its help text comes from `meta.description`, arguments and `teaching`. */
export interface Command<T extends ArgsDef = ArgsDef> extends CommandDef<T> {
  meta: CommandMeta & { description: string };
  teaching?: Teaching;
}

/** Returns the command as it is: the compiler infers the argument types for `run`, then erases them for tables. */
export function defineCommand<const T extends ArgsDef = ArgsDef>(command: Command<T>): Command {
  return command as unknown as Command;
}

/** Roles in layers above the command line, injected by main.ts. */
export interface Roles {
  agent: () => Promise<{ runAgent: (options?: RunOptions) => Promise<number> }>;
  server: () => Promise<{ serverCommand: Command }>;
}

/** A command's entry in the table: line of the overview, and lazy loader. */
export interface CommandEntry {
  group: "every day" | "set up" | "for programs" | "for companies";
  summary: string;
  load: (roles: Roles) => Promise<Command>;
}
