/**
 * The command line: finds the command, checks its arguments, runs it, and translates errors into text and exit codes.
 */
import { type ArgsDef, runCommand } from "citty";
import { buildInfo } from "../base/build-info.ts";
import { closest } from "../base/words/closest.ts";
import { VouchError } from "../base/errors.ts";
import { atProfile } from "./commands/chosen-server.ts";
import { checkArguments, usage, valuesOf } from "./framework/arguments.ts";
import { otherCommands, otherFlags } from "./framework/other-names.ts";
import type { Command, Roles } from "./framework/command.ts";
import { subCommandsOf } from "./framework/command-tree.ts";
import { commands } from "./commands.ts";
import { commandHelp, rootHelp } from "./framework/help.ts";
import { print, printJson, printText, showError, showTrace, warn } from "./terminal/terminal.ts";
import { outputWidth } from "./terminal/width.ts";
import { loginArgument } from "../base/login-need.ts";
import { touchArgument } from "../base/purpose.ts";
import { takeDebugFlag, traceTo, unknownDebugValue } from "../base/trace.ts";

const groupTitles = {
  "every day": "Every day:",
  "set up": "Once, to set up:",
  "for programs": "For scripts and programs:",
  "for companies": "For the company, once:",
} as const;

/**
 * Runs a command line (`argv` without the program's name) and returns its exit code: the command's return value, else
 * 0, or the VouchError's exit code. Exits the process itself if the user cancelled or a security key failed.
 */
export async function runCli(argv: string[], roles: Roles): Promise<number> {
  traceTo(showTrace);
  try {
    const words = takeDebugFlag(argv);
    const unknown = unknownDebugValue();
    if (unknown !== undefined) warn(`VOUCH_DEBUG=${unknown} has no effect: 1, true or yes turns the trace on.`);
    return await dispatch(words, roles);
  } catch (error) {
    const { atUnknownServer } = await import("../settings/unknown-server.ts");
    const shown = atUnknownServer(atNamedProfile(VouchError.from(error), argv));
    showError(shown);
    // Exit explicitly: a cancelled prompt leaves a pending terminal read, a hanging security key a blocked system call;
    // either would keep the process alive.
    if (shown.code === "cancelled" || shown.code.startsWith("security_key_")) process.exit(shown.exitCode);
    return shown.exitCode;
  }
}

/** With `--for NAME` the commands of its hint are for that profile, too. */
function atNamedProfile(error: VouchError, argv: string[]): VouchError {
  const profile = valuesOf(argv, "--for").at(-1);
  if (profile === undefined || error.hint === undefined) return error;
  return new VouchError(error.code, error.message, { hint: atProfile(error.hint, profile), cause: error });
}

async function dispatch(argv: string[], roles: Roles): Promise<number> {
  const [first, ...rest] = argv;
  if (first !== undefined && isHelp(first) && rest[0]?.startsWith("-") === false)
    return dispatch(["help", ...rest], roles);
  if (first === undefined || isHelp(first) || (first === "help" && rest.length === 0)) {
    printText(overview());
    return 0;
  }
  if (first === "--version" || first === "-V") {
    return showVersion(rest);
  }
  if (first === touchArgument && rest.length === 0) return (await import("./key/touch-to-publish.ts")).touchToPublish();
  if (first === loginArgument && rest.length === 0)
    return (await import("./log-in-first/log-in-first.ts")).logInFirst();
  if (first === "help") return dispatch([...rest, "--help"], roles);
  if (first.startsWith("-")) throw unknownRootFlag(first);
  const entry = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (!entry) throw await unknownCommand(first, Object.keys(commands), "vouch");
  return runFound(await entry.load(roles), `vouch ${first}`, rest);
}

function showVersion(rest: string[]): number {
  const [flag, ...more] = rest;
  if (flag === "--json" && more.length === 0) printJson(buildInfo);
  else if (flag === undefined) print(`vouch ${buildInfo.version}`);
  else throw usage("`vouch --version` takes --json, and nothing more.", "vouch");
  return 0;
}

/** Descends to the sub-command that the words name, and runs it or shows its help. */
async function runFound(command: Command, name: string, words: string[]): Promise<number> {
  const subCommands = await subCommandsOf(command);
  const names = Object.keys(subCommands);
  const first = words[0];
  if (first !== undefined && Object.hasOwn(subCommands, first)) {
    return runFound(subCommands[first]!, `${name} ${first}`, words.slice(1));
  }
  if (hasHelpFlag(words)) {
    printText(
      commandHelp(
        name,
        command,
        names.map((key) => [key, subCommands[key]!.meta.description]),
        outputWidth(),
      ),
    );
    return 0;
  }
  // A command with sub-commands of its own takes no other word.
  if (names.length > 0 && (command.run === undefined || (first !== undefined && !first.startsWith("-")))) {
    if (first === undefined) throw usage(`${name} needs a command: ${names.join(", ")}.`, name);
    throw await unknownCommand(first, names, name);
  }
  checkArguments(words, (command.args ?? {}) as ArgsDef, name);
  // Without the sub-commands: citty would take an option's value for the name of one.
  const { subCommands: _, ...own } = command;
  const { result } = await runCommand(own, { rawArgs: words });
  return typeof result === "number" ? result : 0;
}

function overview(): string {
  const groups = Object.entries(groupTitles).map(([group, title]): [string, [string, string][]] => [
    title,
    Object.entries(commands).flatMap(([name, entry]): [string, string][] =>
      entry.group === group ? [[name, `${entry.summary}.`]] : [],
    ),
  ]);
  return rootHelp(
    "Vouch lets you use private packages from AWS CodeArtifact with the security key in your pocket and no secret on your disk.",
    groups,
    [
      [
        "vouch enroll --server https://vouch.example.com",
        "Once: make your security key known, with the code you were given.",
      ],
      [
        "vouch setup aws --role arn:aws:iam::123456789012:role/vouch-developer --region us-east-1",
        "Once: name the AWS role.",
      ],
      ["vouch setup codeartifact --domain my-domain --repository my-repo", "Once: configure your package managers."],
      ["vouch login", "Every day: PIN and touch. Then they simply work."],
    ],
    outputWidth(),
  );
}

function unknownRootFlag(flag: string): VouchError {
  const flags = ["--help", "--version", "--debug"];
  const other = Object.hasOwn(otherFlags, flag) ? otherFlags[flag]!.find((each) => flags.includes(each)) : undefined;
  const near = flag.length > 2 ? closest(flag, flags) : undefined;
  return usage(`vouch has no flag ${flag}.`, "vouch", flag === "-v" ? "--version" : (other ?? near));
}

async function unknownCommand(word: string, names: string[], parent: string): Promise<VouchError> {
  const others = otherCommands[parent] ?? {};
  const meant = Object.hasOwn(others, word)
    ? others[word]
    : ((await toolCommand(word, parent)) ?? closest(word, names));
  return usage(`${parent} has no command "${word}".`, parent, meant === undefined ? undefined : `${parent} ${meant}`);
}

/** `vouch setup npm`: what sets up that package manager. */
async function toolCommand(word: string, parent: string): Promise<string | undefined> {
  if (parent !== "vouch setup") return undefined;
  const { settableNames } = await import("../tools/tools.ts");
  if (!settableNames.includes(word)) return undefined;
  return `codeartifact --tool ${word}`;
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** Whether the words before `--` contain a help flag. */
function hasHelpFlag(words: string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).some(isHelp);
}
