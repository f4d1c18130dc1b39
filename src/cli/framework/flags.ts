/** The flags of a command as people write them. */
import type { ArgDef, ArgsDef } from "citty";

export interface Flag {
  /** Short spellings first: `-h`, `--help`. */
  spellings: string[];
  /** What its value is called (`SECONDS`, `cargo|pip|npm`); undefined when it takes none. */
  value: string | undefined;
  description: string;
  required: boolean;
}

/** The flags of a definition, in its order, without `--help`. */
export function flagsOf(definition: ArgsDef): Flag[] {
  return Object.entries(definition)
    .filter(([, argument]) => argument.type !== "positional")
    .map(([name, argument]) => ({
      spellings: [...shortSpellings(argument), `--${isOnByDefault(argument) ? `no-${name}` : name}`],
      value: argument.type === "string" || argument.type === "enum" ? valueHint(name, argument) : undefined,
      description: describe(argument),
      required: argument.required === true,
    }));
}

/** The flag that every command has. */
export function helpFlag(description: string): Flag {
  return { spellings: ["-h", "--help"], value: undefined, description, required: false };
}

/** The flag by which every command traces what it does; base/trace.ts takes it off the words. */
export const debugFlag: Flag = {
  spellings: ["--debug"],
  value: undefined,
  description: "Trace requests, the agent, the security key and programs on stderr, as VOUCH_DEBUG=1 does.",
  required: false,
};

/** The words that a value is one of, when its hint lists them. */
export function choicesOf({ value }: Flag): string[] {
  return value?.includes("|") ? value.split("|") : [];
}

/** How the value of a flag is written in a help text. */
export function valueHint(name: string, argument: ArgDef): string {
  if (argument.valueHint !== undefined) return argument.valueHint;
  return argument.type === "enum" && argument.options
    ? argument.options.join("|")
    : name.replace(/^-+/, "").replaceAll("-", "_").toUpperCase();
}

/** The description of a flag or a positional argument, with the default where that says something. */
export function describe(argument: ArgDef): string {
  const text = argument.description ?? "";
  return argument.default === undefined || typeof argument.default === "boolean"
    ? text
    : `${text} Default: ${argument.default}.`;
}

function shortSpellings(argument: ArgDef): string[] {
  const aliases = "alias" in argument && argument.alias !== undefined ? [argument.alias].flat() : [];
  return aliases.filter((alias) => alias.length === 1).map((alias) => `-${alias}`);
}

function isOnByDefault(argument: ArgDef): boolean {
  return argument.type === "boolean" && argument.default === true;
}
