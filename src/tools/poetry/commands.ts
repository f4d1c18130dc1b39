/** Parses poetry's command line as far as the shim needs it. */
import { resolve } from "node:path";
import { type FoundOption, lastOption } from "../python/option.ts";

/** Commands that ask a registry for packages. `self`, which has a configuration of its own, gets no token. */
const reading = new Set(["install", "add", "remove", "update", "lock", "sync", "search", "init", "debug"]);
/** Options of `poetry show` with which it asks. */
const outdated = /^(--latest|--outdated|-[a-zA-Z]*[lo][a-zA-Z]*)$/;
/** Global options with a value. */
const valued = /^(-C|-P|--directory|--project)$/;

export interface PoetryCommand {
  /** Undefined for a command that contacts no registry. */
  asks: "read" | "publish" | undefined;
  /** The folders in which poetry looks for the project. */
  folders: string[];
  /** How many of the arguments there are up to the command, itself included. */
  at: number;
  /** The name after `--repository`. */
  repository?: FoundOption;
}

/** Parses the arguments; `cwd` is poetry's current folder. */
export function parsePoetry(args: readonly string[], cwd: string): PoetryCommand {
  const folders = [cwd];
  let command: string | undefined;
  let at = args.length;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--") break;
    const joined = /^(?:--directory=|--project=|-[CP]=?)(.+)$/s.exec(word)?.[1];
    if (joined !== undefined) folders.push(resolve(cwd, joined));
    else if (valued.test(word)) folders.push(resolve(cwd, args[++index] ?? ""));
    else if (command === undefined && !word.startsWith("-")) {
      command = word;
      at = index + 1;
    }
  }
  const rest = args.slice(at);
  if (rest.some((word) => /^(-h|--help)$/.test(word))) return { asks: undefined, folders, at };
  if (command === "publish") {
    const repository = lastOption(args, at, { isLong: (word) => word === "--repository", short: "r", flags: "nqv" });
    return { asks: "publish", folders, at, ...(repository === undefined ? {} : { repository }) };
  }
  const asks = reading.has(command ?? "") || (command === "show" && rest.some((word) => outdated.test(word)));
  return { asks: asks ? "read" : undefined, folders, at };
}
