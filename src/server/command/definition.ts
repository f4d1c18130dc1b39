/** The form of a `vouch server` command, which the command line mounts and makes the help text of. */
import type { ArgsDef, CommandDef, CommandMeta } from "citty";

export interface ServerCommand<T extends ArgsDef = ArgsDef> extends CommandDef<T> {
  meta: CommandMeta & { description: string };
  teaching?: {
    /** Paragraphs after the description. */
    details?: string[];
    /** Command lines, each with what it does. */
    examples?: [command: string, does: string][];
  };
}

/** Lets the compiler infer the types of the arguments. */
export function defineServerCommand<const T extends ArgsDef = ArgsDef>(command: ServerCommand<T>): ServerCommand<T> {
  return command;
}

/** Prints for people, or one JSON value for scripts. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
