/** What can be typed at each place of a command line: the common ground of the shells' completion scripts. */
import type { CommandNode } from "../../framework/command-tree.ts";
import { choicesOf, debugFlag, type Flag, flagsOf, helpFlag } from "../../framework/flags.ts";

/** A word that completes, and what it means. */
export interface Candidate {
  word: string;
  description: string;
}

/** How the value of a flag completes. */
export interface FlagValue {
  /** Every way to write the flag. */
  spellings: string[];
  hint: string;
  /** `files`: names of files; `nothing`: only the person knows. */
  kind: "choices" | "files" | "nothing";
  choices: string[];
}

/** One command's place. */
export interface Place {
  /** The words that lead to it: `vouch agent stop`. */
  path: string;
  /** Sub-commands, or the choices of its first argument. */
  operands: Candidate[];
  flags: Candidate[];
  values: FlagValue[];
  /** Whether what follows `--` is a command line of its own. */
  runsCommand: boolean;
}

/** The places of a tree, the root first. */
export function placesOf(node: CommandNode): Place[] {
  const flags = [
    ...flagsOf(node.args),
    ...(node.path === "vouch" ? [{ ...helpFlag("Show the version."), spellings: ["-V", "--version"] }] : []),
    debugFlag,
    helpFlag("Show the help."),
  ];
  const place: Place = {
    path: node.path,
    operands: [
      ...node.children.map(({ name, description }) => ({ word: name, description: firstSentence(description) })),
      ...choicesOfArguments(node),
    ],
    flags: flags.flatMap(({ spellings, description }) =>
      spellings.map((word) => ({ word, description: firstSentence(description) })),
    ),
    values: flags.filter(({ value }) => value !== undefined).map(valueOf),
    runsCommand: node.teaching.usage?.includes("-- COMMAND") ?? false,
  };
  return [place, ...node.children.flatMap(placesOf)];
}

function choicesOfArguments({ args }: CommandNode): Candidate[] {
  return Object.values(args)
    .filter(({ type }) => type === "positional")
    .flatMap(({ valueHint = "", description = "" }) =>
      valueHint.includes("|") ? valueHint.split("|").map((word) => ({ word, description })) : [],
    );
}

function valueOf(flag: Flag): FlagValue {
  const hint = flag.value ?? "";
  const choices = choicesOf(flag);
  const kind = choices.length > 0 ? "choices" : /^(FILE|DIR|PATH)$/.test(hint) ? "files" : "nothing";
  return { spellings: flag.spellings, hint, kind, choices };
}

/** Up to its end or a colon, in one line and without backticks, which mean something to a shell. */
function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replace(/[.:]$/, "").replaceAll("`", "");
}
