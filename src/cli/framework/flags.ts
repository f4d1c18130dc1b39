/** The flags of a command in their written form, for help and completions. */
import type { ArgDef, ArgsDef } from "citty";

/** Longer lists of values stand in the description, where lines break. */
const maxPlaceholder = 40;

export interface Flag {
  /** Short spellings first: `-h`, `--help`. */
  spellings: string[];
  /** Placeholder of its value (`SECONDS`, `cargo|pip|npm`); undefined for a flag without value. */
  value: string | undefined;
  /** The values that it allows, where they are few enough to be known. */
  choices: string[];
  /** Whether several of them may stand in one value, with commas between: `cargo|pip,…`. */
  isList: boolean;
  description: string;
  required: boolean;
}

/** Returns the flags of a definition, in its order, without `--help`. */
export function flagsOf(definition: ArgsDef): Flag[] {
  return Object.entries(definition)
    .filter(([, argument]) => argument.type !== "positional")
    .map(([name, argument]) => flagOf(name, argument));
}

function flagOf(name: string, argument: ArgDef): Flag {
  const hint = argument.type === "string" || argument.type === "enum" ? valueHint(name, argument) : undefined;
  const isList = hint?.endsWith(",…") === true;
  const choices = hint?.includes("|") ? hint.replace(/,…$/, "").split("|") : optionsOf(argument);
  const isLong = hint !== undefined && choices.length > 0 && hint.length > maxPlaceholder;
  return {
    spellings: [
      ...aliasesOf(argument).flatMap((alias) => (alias.length === 1 ? `-${alias}` : [])),
      `--${isOnByDefault(argument) ? `no-${name}` : name}`,
      ...(hasNegative(argument) ? [`--no-${name}`] : []),
    ],
    value: isLong ? placeholder(name) : hint,
    choices,
    isList,
    description: isLong ? `${describe(argument)} One of: ${choices.join(", ")}.` : describe(argument),
    required: argument.required === true,
  };
}

/** The values of one whose placeholder is none of them: they are too many for a help text. */
function optionsOf(argument: ArgDef): string[] {
  return argument.type === "enum" && argument.valueHint !== undefined ? [...(argument.options ?? [])] : [];
}

/** Returns the `--help` flag of all commands. */
export function helpFlag(description: string): Flag {
  return { spellings: ["-h", "--help"], value: undefined, choices: [], isList: false, description, required: false };
}

/** The `--debug` flag of all commands, which enables the trace; base/trace.ts removes it from the arguments. */
export const debugFlag: Flag = {
  spellings: ["--debug"],
  value: undefined,
  choices: [],
  isList: false,
  description: "Trace requests, the agent, the security key and programs on stderr, as VOUCH_DEBUG=1 does.",
  required: false,
};

/** Returns the placeholder of a flag's value in help texts. */
export function valueHint(name: string, argument: ArgDef): string {
  if (argument.valueHint !== undefined) return argument.valueHint;
  return argument.type === "enum" && argument.options ? argument.options.join("|") : placeholder(name);
}

function placeholder(name: string): string {
  return name.replace(/^-+/, "").replaceAll("-", "_").toUpperCase();
}

/** Returns the description of a flag or positional argument, with its default if informative. */
export function describe(argument: ArgDef): string {
  const text = argument.description ?? "";
  return argument.default === undefined || typeof argument.default === "boolean"
    ? text
    : `${text} Default: ${argument.default}.`;
}

/** Returns the other names of a flag, without dashes. */
export function aliasesOf(argument: ArgDef): string[] {
  return "alias" in argument && argument.alias !== undefined ? [argument.alias].flat() : [];
}

/** Whether the flag is a boolean that its `--no-` form turns off. */
export function isOnByDefault(argument: ArgDef): boolean {
  return argument.type === "boolean" && argument.default === true;
}

/** Whether the flag is a boolean that something else may switch on, and its `--no-` form off. */
export function hasNegative(argument: ArgDef): boolean {
  return argument.type === "boolean" && argument.negativeDescription !== undefined;
}
