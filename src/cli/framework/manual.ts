/** Generates the manual page from the command definitions, in man(7) macros that groff and mandoc support. */
import type { CommandNode } from "./command-tree.ts";
import { debugFlag, describe, type Flag, flagsOf } from "./flags.ts";
import { subCommandWord, usageOf } from "./help.ts";
import type { VariableGroup } from "./variable.ts";

type Section = readonly [title: string, rows: [term: string, text: string][]];

/** Sections of the page that do not depend on a command; the variables go before the files. */
const sections: readonly Section[] = [
  [
    "OPTIONS",
    [
      ["-h, --help", "Show the help of a command."],
      ["-V, --version", "Show the version; with --json how it was built."],
      [debugFlag.spellings.join(", "), `${debugFlag.description} Before or after the command.`],
    ],
  ],
  [
    "EXIT STATUS",
    [
      ["0", "Done."],
      ["1", "It failed."],
      ["2", "The command line is wrong."],
      ["3", "No security key that can be used."],
      ["4", "Not logged in, or the session has expired."],
      ["5", "Denied: by the security key, the server or AWS."],
      ["6", "No network, or no answer in time."],
      ["126, 127", "`vouch exec`: the command cannot be started, or is not found."],
      ["130", "Cancelled."],
    ],
  ],
];
const files: Section = [
  "FILES",
  [
    [
      "~/.config/vouch/config.json",
      "The settings: the server's URL, the role, the repositories, credential ids. No secret.",
    ],
    [
      "~/.config/vouch/replaced-lines.json",
      "Lines of your files that `vouch setup` replaced, for `vouch setup codeartifact --remove`. Only lines that can hold no secret.",
    ],
    ["~/.local/share/vouch/shims", "Links to Vouch under the names keyring, pip, npm and others, for PATH."],
    [
      "~/.local/state/vouch/agent.log",
      "The log of an agent that `vouch login` has started, at most two megabytes with the one before it, `agent.log.1`. No secret.",
    ],
    [
      "~/.local/state/vouch/changed.jsonl, published.jsonl, asked.jsonl, refused.jsonl",
      "Who has asked the agent, if `vouch setup log --keep yes` has asked for it; at most four mebibytes each, and as much in the one before it, `.1`. No secret.",
    ],
    ["$XDG_RUNTIME_DIR/vouch/agent.sock", "The agent's socket, in a folder that only you can enter."],
  ],
];

/** Returns the page vouch(1) in roff; `date` is the release date, YYYY-MM-DD. */
export function manualPage(
  root: CommandNode,
  variables: readonly VariableGroup[],
  version: string,
  date: string,
): string {
  const lines = [
    `.TH VOUCH 1 ${date} ${macroArgument(`vouch ${version}`)} ${macroArgument("User Commands")}`,
    // No hyphenation, no justification: shown text can be copied.
    ".nh",
    ".ad l",
    ".SH NAME",
    `vouch \\- ${text(root.description)}`,
    ".SH SYNOPSIS",
    ".B vouch",
    ".I COMMAND",
    "[\\fIFLAGS\\fR]",
    ".SH DESCRIPTION",
    ...paragraphs([
      "Vouch gives package managers the tokens of private repositories in AWS CodeArtifact. After `vouch login` (the PIN of a FIDO2 security key and a touch) they pull and publish for eight hours; the session and every token stay in the memory of an agent and are written nowhere.",
    ]),
    ".SH COMMANDS",
    ...root.children.flatMap(commandSections),
    ...[...sections, environment(variables), files].flatMap(section),
    ".SH SEE ALSO",
    ".BR cargo (1),",
    ".BR pip (1),",
    ".BR npm (1),",
    ".BR aws (1)",
  ];
  return `${lines.join("\n")}\n`;
}

function environment(groups: readonly VariableGroup[]): Section {
  const rows = groups.flatMap(({ variables }) =>
    variables.map(({ names, readBy, meaning }): [string, string] => [names.join(", "), `${meaning} (${readBy})`]),
  );
  return ["ENVIRONMENT", rows];
}

function section([title, rows]: Section): string[] {
  return [`.SH ${macroArgument(title)}`].concat(rows.flatMap(([term, words]) => entry(bold(term), words)));
}

function commandSections(node: CommandNode): string[] {
  const flags = flagsOf(node.args);
  const positionals = Object.entries(node.args).filter(([, { type }]) => type === "positional");
  const usage =
    node.teaching.usage ?? usageOf(flags, positionals, subCommandWord(node.children.length > 0, node.runsItself));
  return [
    `.SS ${macroArgument(`${node.path} ${usage}`.trim())}`,
    ...paragraphs([node.description, ...(node.teaching.details ?? [])]),
    ...positionals.flatMap(([name, argument]) => entry(italic(name.toUpperCase()), describe(argument))),
    ...flags.flatMap((flag) => entry(flagTerm(flag), flag.description)),
    ...examplesOf(node),
    ...node.children.flatMap(commandSections),
  ];
}

function examplesOf({ teaching: { examples = [] } }: CommandNode): string[] {
  const entries = examples.flatMap(([line, does]) => entry(`\\f(CW${text(line)}\\fR`, does));
  return entries.length === 0 ? [] : [".PP", "Examples:", ...entries];
}

function flagTerm({ spellings, value }: Flag): string {
  const names = spellings.map(bold).join(", ");
  return value === undefined ? names : `${names} ${italic(value)}`;
}

function entry(term: string, words: string): string[] {
  return [".TP", term, ...flowing(words)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((words, index) => [...(index === 0 ? [] : [".PP"]), ...flowing(words)]);
}

/** Formats a paragraph: one sentence per line (roff convention), text in backticks in bold. */
function flowing(words: string): string[] {
  return words
    .split(/(?<=[.:]) (?=[A-Z`])/)
    .map((line) =>
      line
        .split(/`([^`]*)`/)
        .map((part, index) => (index % 2 === 1 ? bold(part) : text(part)))
        .join(""),
    )
    .map(protectedStart);
}

function bold(words: string): string {
  return `\\fB${text(words)}\\fR`;
}

function italic(words: string): string {
  return `\\fI${text(words)}\\fR`;
}

/** Escapes text for roff: literal characters, hyphens that can be copied. */
function text(words: string): string {
  return words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replace(
      /[^\u0020-\u007e]/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

function protectedStart(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

function macroArgument(words: string): string {
  return `"${text(words).replaceAll('"', "\\(dq")}"`;
}
