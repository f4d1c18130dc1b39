/** Generates the help texts from the command definitions. */
import type { ArgDef, ArgsDef } from "citty";
import type { Command } from "./command.ts";
import { debugFlag, describe, type Flag, flagsOf, helpFlag } from "./flags.ts";
import { bold, dim } from "../terminal/terminal.ts";

const columns = 100;

/** A row of a list: input and meaning. */
type Row = [left: string, right: string];

/** Returns the help of a command; `name` is its path (`vouch login`). */
export function commandHelp(name: string, command: Command, subCommands: Row[] = []): string {
  const definition = (command.args ?? {}) as ArgsDef;
  const { usage, details = [], examples = [] } = command.teaching ?? {};
  const positionals = Object.entries(definition).filter(([, argument]) => argument.type === "positional");
  const flags = flagsOf(definition);
  const usageWords = usage ?? usageOf(flags, positionals, subCommands.length > 0);
  const sections = [
    wrap(command.meta.description, columns),
    `${bold("Usage:")} ${name}${usageWords === "" ? "" : ` ${usageWords}`}`,
    ...details.map((paragraph) => wrap(paragraph, columns)),
    list("Commands:", subCommands),
    list(
      "Arguments:",
      positionals.map(([key, argument]) => [key.toUpperCase(), describe(argument)]),
    ),
    list("Flags:", [...flags, debugFlag, helpFlag(helpOfHelp(name, subCommands.length > 0))].map(flagRow)),
    exampleList(examples),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

/** Returns the help of `vouch` itself. */
export function rootHelp(description: string, groups: [title: string, rows: Row[]][], examples: Row[]): string {
  const width = Math.max(...groups.flatMap(([, rows]) => rows.map(([left]) => left.length)));
  return [
    wrap(description, columns),
    `${bold("Usage:")} vouch COMMAND [FLAGS]`,
    ...groups.map(([title, rows]) => list(title, rows, width)),
    list(
      "Flags:",
      [
        flagRow(helpFlag(helpOfHelp("vouch", true))),
        ["--version", "Show the version; with --json how it was built."],
        flagRow(debugFlag),
      ],
      width,
    ),
    exampleList(examples),
  ].join("\n\n");
}

function helpOfHelp(name: string, hasSubCommands: boolean): string {
  return hasSubCommands ? `Show this help; \`${name} COMMAND --help\` shows that of a command.` : "Show this help.";
}

/** Returns the usage line after the command's name. */
export function usageOf(flags: readonly Flag[], positionals: [string, ArgDef][], hasSubCommands: boolean): string {
  const required = flags.filter((flag) => flag.required);
  return [
    ...(hasSubCommands ? ["COMMAND"] : []),
    ...required.map(({ spellings, value }) => `${spellings.at(-1)} ${value}`),
    ...positionals.map(([key, argument]) =>
      argument.required === false ? `[${key.toUpperCase()}]` : key.toUpperCase(),
    ),
    ...(flags.length > required.length || hasSubCommands ? ["[FLAGS]"] : []),
  ].join(" ");
}

function flagRow({ spellings, value, description }: Flag): Row {
  const left = spellings.join(", ");
  return [value === undefined ? left : `${left} ${value}`, description];
}

function list(title: string, rows: Row[], width = Math.max(0, ...rows.map(([left]) => left.length))): string {
  if (rows.length === 0) return "";
  const narrow = Math.min(width, 34);
  const lines = rows.map(([left, right]) => {
    const text = wrap(right, columns - narrow - 4).replaceAll("\n", `\n${" ".repeat(narrow + 4)}`);
    return left.length > narrow ? `  ${left}\n${" ".repeat(narrow + 4)}${text}` : `  ${left.padEnd(narrow)}  ${text}`;
  });
  return [bold(title), ...lines].join("\n");
}

function exampleList(examples: Row[]): string {
  if (examples.length === 0) return "";
  return [bold("Examples:"), ...examples.map(([line, does]) => `  ${line}\n${dim(`      ${does}`)}`)].join("\n");
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  // Do not break lines within backticks: they contain commands to copy.
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
