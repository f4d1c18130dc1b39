/** Shell-independent completion data: the candidates at each place of a command line. */
import type { CommandNode } from "../../framework/command-tree.ts";
import { debugFlag, type Flag, flagsOf, helpFlag } from "../../framework/flags.ts";

/** The kinds of names that `vouch completions` prints. */
export type OwnNames = "keys" | "guests";

/** Which names each command's argument is of. */
const ownNamesAt: Readonly<Record<string, OwnNames>> = {
  "vouch keys remove": "keys",
  "vouch keys rename": "keys",
  "vouch guest remove": "guests",
};

/** A candidate word and its description. */
export interface Candidate {
  word: string;
  description: string;
}

/** How to complete the value of a flag. */
export interface FlagValue {
  /** All spellings of the flag. */
  spellings: string[];
  hint: string;
  /** `choices`: fixed words; `files`: file names; `nothing`: no candidates. */
  kind: "choices" | "files" | "nothing";
  choices: string[];
  /** Whether it takes several of the choices, with commas between them. */
  isList: boolean;
}

/** The candidates after one command's words. */
export interface Place {
  /** The command's words: `vouch agent stop`. */
  path: string;
  /** Sub-commands, or the choices of the first argument. */
  operands: Candidate[];
  /** Whether its argument is a file or a folder. */
  takesPath: boolean;
  /** Its argument is one of the names that `vouch completions` prints for this word. */
  ownNames: OwnNames | undefined;
  flags: Candidate[];
  values: FlagValue[];
  /** Whether another command line follows `--`. */
  runsCommand: boolean;
}

/** Returns the places of a command tree, the root first. */
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
    takesPath: Object.values(node.args).some(
      ({ type, valueHint }) => type === "positional" && isPath.test(valueHint ?? ""),
    ),
    ownNames: Object.hasOwn(ownNamesAt, node.path) ? ownNamesAt[node.path] : undefined,
    flags: flags.flatMap(({ spellings, description }) =>
      spellings.map((word) => ({ word, description: firstSentence(description) })),
    ),
    values: flags.filter(({ value }) => value !== undefined).map(valueOf),
    runsCommand: node.teaching.usage?.includes("-- COMMAND") ?? false,
  };
  return [place, ...node.children.flatMap(placesOf)];
}

/** The placeholders of files and folders. */
const isPath = /^(FILE|DIR|PATH|FOLDER)$/;

function choicesOfArguments({ args }: CommandNode): Candidate[] {
  return Object.values(args)
    .filter(({ type }) => type === "positional")
    .flatMap(({ valueHint = "", description = "" }) =>
      valueHint.includes("|") ? valueHint.split("|").map((word) => ({ word, description })) : [],
    );
}

function valueOf(flag: Flag): FlagValue {
  const hint = flag.value ?? "";
  const kind = flag.choices.length > 0 ? "choices" : isPath.test(hint) ? "files" : "nothing";
  return { spellings: flag.spellings, hint, kind, choices: flag.choices, isList: flag.isList };
}

/** Returns the first sentence, up to its end or a colon: one line, without backticks, which are special in a shell. */
function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replace(/[.:]$/, "").replaceAll("`", "");
}
