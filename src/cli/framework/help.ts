/** Generates the help texts from the command definitions. */
import type { ArgDef, ArgsDef } from "citty";
import type { Command } from "./command.ts";
import { debugFlag, describe, type Flag, flagsOf, helpFlag } from "./flags.ts";
import { bold, dim } from "../terminal/terminal.ts";
import { wrap } from "../terminal/wrap.ts";

/** The widest layout, and that where the width is unknown. */
const widest = 100;

/** A row of a list: input and meaning. */
type Row = [left: string, right: string];

/** Returns the help of a command; `name` is its path (`vouch login`), `width` that of the terminal. */
export function commandHelp(name: string, command: Command, subCommands: Row[] = [], width?: number): string {
  const columns = Math.min(widest, width ?? widest);
  const definition = (command.args ?? {}) as ArgsDef;
  const { usage, details = [], examples = [] } = command.teaching ?? {};
  const positionals = Object.entries(definition).filter(([, argument]) => argument.type === "positional");
  const flags = flagsOf(definition);
  const usageWords =
    usage ?? usageOf(flags, positionals, subCommandWord(subCommands.length > 0, command.run !== undefined));
  const sections = [
    wrap(command.meta.description, columns),
    `${bold("Usage:")} ${name}${usageWords === "" ? "" : ` ${usageWords}`}`,
    ...details.map((paragraph) => wrap(paragraph, columns)),
    list("Commands:", subCommands, columns),
    list(
      "Arguments:",
      positionals.map(([key, argument]) => [key.toUpperCase(), describe(argument)]),
      columns,
    ),
    list("Flags:", [...flags, debugFlag, helpFlag(helpOfHelp(name, subCommands.length > 0))].map(flagRow), columns),
    exampleList(examples, width),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

/** Returns the help of `vouch` itself; `terminalWidth` is that of the terminal. */
export function rootHelp(
  description: string,
  groups: [title: string, rows: Row[]][],
  examples: Row[],
  terminalWidth?: number,
): string {
  const columns = Math.min(widest, terminalWidth ?? widest);
  const width = Math.max(...groups.flatMap(([, rows]) => rows.map(([left]) => left.length)));
  return [
    wrap(description, columns),
    `${bold("Usage:")} vouch COMMAND [FLAGS]`,
    ...groups.map(([title, rows]) => list(title, rows, columns, width)),
    list(
      "Flags:",
      [
        flagRow(helpFlag(helpOfHelp("vouch", true))),
        ["--version", "Show the version; with --json how it was built."],
        flagRow(debugFlag),
      ],
      columns,
      width,
    ),
    exampleList(examples, terminalWidth),
  ].join("\n\n");
}

function helpOfHelp(name: string, hasSubCommands: boolean): string {
  return hasSubCommands ? `Show this help; \`${name} COMMAND --help\` shows that of a command.` : "Show this help.";
}

/** Returns the usage line after the command's name. */
export function usageOf(flags: readonly Flag[], positionals: [string, ArgDef][], subCommand: string): string {
  const required = flags.filter((flag) => flag.required);
  return [
    ...(subCommand === "" ? [] : [subCommand]),
    ...required.map(({ spellings, value }) => `${spellings.at(-1)} ${value}`),
    ...positionals.map(([key, argument]) =>
      argument.required === false ? `[${key.toUpperCase()}]` : key.toUpperCase(),
    ),
    ...(flags.length > required.length || subCommand !== "" ? ["[FLAGS]"] : []),
  ].join(" ");
}

/** How the usage of a command has its sub-commands; empty if it has none. */
export function subCommandWord(hasSubCommands: boolean, runsItself: boolean): string {
  if (!hasSubCommands) return "";
  return runsItself ? "[COMMAND]" : "COMMAND";
}

function flagRow({ spellings, value, description }: Flag): Row {
  const left = spellings.join(", ");
  return [value === undefined ? left : `${left} ${value}`, description];
}

function list(
  title: string,
  rows: Row[],
  columns: number,
  width = Math.max(0, ...rows.map(([left]) => left.length)),
): string {
  if (rows.length === 0) return "";
  const narrow = Math.min(width, Math.ceil(columns / 3));
  const lines = rows.map(([left, right]) => {
    const text = wrap(right, columns - narrow - 4).replaceAll("\n", `\n${" ".repeat(narrow + 4)}`);
    return left.length > narrow ? `  ${left}\n${" ".repeat(narrow + 4)}${text}` : `  ${left.padEnd(narrow)}  ${text}`;
  });
  return [bold(title), ...lines].join("\n");
}

function exampleList(examples: Row[], width: number | undefined): string {
  if (examples.length === 0) return "";
  const indent = " ".repeat(6);
  const shown = (does: string): string =>
    width === undefined ? does : wrap(does, width - indent.length).replaceAll("\n", `\n${indent}`);
  return [bold("Examples:"), ...examples.map(([line, does]) => `  ${line}\n${dim(indent + shown(does))}`)].join("\n");
}
