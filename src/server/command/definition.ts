/** The type of a `vouch server` command; the command line runs it and generates its help from it. */
import type { ArgsDef, CommandDef, CommandMeta } from "citty";
import { writeResult } from "../../base/system/output.ts";
import { printable, printableJson } from "../../base/words/printable.ts";
import { hintAtSameServer } from "./same-server.ts";

export interface ServerCommand<T extends ArgsDef = ArgsDef> extends CommandDef<T> {
  meta: CommandMeta & { description: string };
  teaching?: {
    /** Paragraphs after the description. */
    details?: string[];
    /** Example command lines, each with its effect. */
    examples?: [command: string, does: string][];
  };
}

/**
 * Returns the command; the commands that its errors' hints name are about the same server. The type parameter lets the
 * compiler infer the argument types.
 */
export function defineServerCommand<const T extends ArgsDef = ArgsDef>(command: ServerCommand<T>): ServerCommand<T> {
  const { run } = command;
  if (run === undefined) return command;
  return {
    ...command,
    run: async (context) => {
      try {
        return await run(context);
      } catch (error) {
        throw hintAtSameServer(error, context.args);
      }
    },
  };
}

/**
 * Prints human-readable text on stdout; each line of `text` passes `printable` (no control characters).
 * Throws `output_failed`.
 */
export function print(text: string): void {
  const lines = text.split("\n").map((line) => /^ */.exec(line)![0] + printable(line));
  writeResult(`${lines.join("\n")}\n`);
}

/** Prints one JSON value on stdout, for scripts. Throws `output_failed`. */
export function printJson(value: unknown): void {
  writeResult(`${printableJson(value)}\n`);
}
