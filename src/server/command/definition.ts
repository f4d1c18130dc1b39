/** The form of a `vouch server` command, which the command line mounts and makes the help text of. */
import type { ArgsDef, CommandDef, CommandMeta } from "citty";
import { writeAll } from "../../base/output.ts";
import { printable, printableJson } from "../../base/printable.ts";

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

/** Prints for people on stdout: `text` may have several lines, and each is cleaned. Throws `output_failed`. */
export function print(text: string): void {
  const lines = text.split("\n").map((line) => /^ */.exec(line)![0] + printable(line));
  writeAll(1, `${lines.join("\n")}\n`);
}

/** Prints one JSON value for scripts on stdout. Throws `output_failed`. */
export function printJson(value: unknown): void {
  writeAll(1, `${printableJson(value)}\n`);
}
