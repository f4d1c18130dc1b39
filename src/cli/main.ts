/**
 * The command line: finds the command, checks its arguments, runs it, and translates errors into text and exit codes.
 */
import { type ArgsDef, runCommand } from "citty";
import { buildInfo } from "../base/build-info.ts";
import { VouchError } from "../base/errors.ts";
import { atProfile } from "./commands/chosen-server.ts";
import { checkArguments, closest, usage, valuesOf } from "./framework/arguments.ts";
import type { Command, Roles } from "./framework/command.ts";
import { subCommandsOf } from "./framework/command-tree.ts";
import { commands } from "./commands.ts";
import { commandHelp, rootHelp } from "./framework/help.ts";
import { print, printJson, printText, showError, showTrace, warn } from "./terminal/terminal.ts";
import { touchArgument } from "../base/purpose.ts";
import { takeDebugFlag, traceTo, unknownDebugValue } from "../base/trace.ts";

const groupTitles = {
  "every day": "Every day:",
  "set up": "Once, to set up:",
  "for programs": "For scripts and programs:",
  "for companies": "For the company, once:",
} as const;

/** Common names in other tools, for suggestions, with our equivalents. */
const otherNames: Record<string, string> = {
  auth: "login",
  signin: "login",
  "sign-in": "login",
  refresh: "login",
  signout: "logout",
  "sign-out": "logout",
  whoami: "status",
  who: "status",
  env: "exec -- COMMAND",
  shell: "exec -- $SHELL",
  run: "exec -- COMMAND",
  token: "credential codeartifact",
  credentials: "credential codeartifact",
  register: "enroll",
  key: "keys list",
  list: "keys list",
  init: "setup codeartifact",
  configure: "setup codeartifact",
  config: "setup codeartifact",
  install: "setup codeartifact",
  uninstall: "setup codeartifact --remove",
  remove: "setup codeartifact --remove",
  check: "doctor",
  diagnose: "doctor",
  start: "login",
  stop: "agent stop",
  serve: "server run",
  version: "--version",
};

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
    const shown = atNamedProfile(VouchError.from(error), argv);
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
  if (first === undefined || isHelp(first) || (first === "help" && rest.length === 0)) {
    printText(overview());
    return 0;
  }
  if (first === "--version" || first === "-V") {
    return showVersion(rest);
  }
  if (first === touchArgument && rest.length === 0) return (await import("./key/touch-to-publish.ts")).touchToPublish();
  if (first === "help") return dispatch([...rest, "--help"], roles);
  if (first.startsWith("-"))
    throw usage(
      `vouch has no flag ${first}.`,
      "vouch",
      first === "-v" ? "--version" : closest(first, ["--help", "--version", "--debug"]),
    );
  const entry = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (!entry) throw unknownCommand(first, Object.keys(commands), "vouch");
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
      ),
    );
    return 0;
  }
  if (names.length > 0 && command.run === undefined) {
    if (first === undefined) throw usage(`${name} needs a command: ${names.join(", ")}.`, name);
    throw unknownCommand(first, names, name);
  }
  checkArguments(words, (command.args ?? {}) as ArgsDef, name);
  const { result } = await runCommand(command, { rawArgs: words });
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
  );
}

function unknownCommand(word: string, names: string[], parent: string): VouchError {
  const meant = parent === "vouch" && Object.hasOwn(otherNames, word) ? otherNames[word] : closest(word, names);
  return usage(`${parent} has no command "${word}".`, parent, meant === undefined ? undefined : `${parent} ${meant}`);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** Whether the words before `--` contain a help flag. */
function hasHelpFlag(words: string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).some(isHelp);
}
