/** Parses poetry's command line as far as the shim needs it. */
import { resolve } from "node:path";

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
  /** The name after `--repository`, and where in the arguments it stands. */
  repository?: { name: string; replace: (name: string) => string[] };
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
  if (rest.some((word) => /^(-h|--help)$/.test(word))) return { asks: undefined, folders };
  if (command === "publish") {
    const repository = repositoryIn(args, at);
    return { asks: "publish", folders, ...(repository === undefined ? {} : { repository }) };
  }
  const asks = reading.has(command ?? "") || (command === "show" && rest.some((word) => outdated.test(word)));
  return { asks: asks ? "read" : undefined, folders };
}

/** `-r NAME`, `-rNAME`, `--repository NAME`, `--repository=NAME`; the last one counts. */
function repositoryIn(args: readonly string[], from: number): PoetryCommand["repository"] {
  for (let index = args.length - 1; index >= from; index--) {
    const word = args[index]!;
    const [, prefix, joined] = /^(--repository=|-r=?)(.+)$/s.exec(word) ?? [];
    if (joined !== undefined) {
      return { name: joined, replace: (name) => args.with(index, `${prefix}${name}`) };
    }
    const next = args[index + 1];
    if (/^(--repository|-r)$/.test(word) && next !== undefined) {
      return { name: next, replace: (name) => args.with(index + 1, name) };
    }
  }
  return undefined;
}
