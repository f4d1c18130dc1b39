/** Which of deno's commands load packages without running the project's program. */

/** Every other command runs the program, which gets no token: what it needs is loaded by `deno install` before. */
const registryCommands = "install i ci add remove rm uninstall update outdated cache audit approve-scripts x create";

/** Those of them that read the configuration once, where they name no package. */
const readOnce = "install i ci cache outdated audit approve-scripts";

/** Options with a value of their own word. */
const valuedOptions =
  "-c --config --import-map --lock --cert --node-modules-dir --root -n --name -L --log-level --location --seed -e --entrypoint --os --arch";

export interface DenoArguments {
  command: string | undefined;
  /** What follows the command and is no option. */
  words: string[];
  /** Files with addresses that options name: lock files, import maps. */
  files: string[];
  /** Configurations that options name. */
  configurations: string[];
}

/** Reads the arguments of deno: its command, undefined if it runs a program, and the files that they name. */
export function readDenoArguments(args: readonly string[]): DenoArguments {
  const [words, files, configurations]: [string[], string[], string[]] = [[], [], []];
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--") break;
    const [, option, attached] = /^(-c|--[\w-]+)=?(.*)$/s.exec(word) ?? [];
    const value = attached || args[index + 1];
    if (value !== undefined && (option === "--lock" || option === "--import-map")) files.push(value);
    if (value !== undefined && (option === "-c" || option === "--config")) configurations.push(value);
    if (!word.startsWith("-")) words.push(word);
    else if (has(valuedOptions, word)) index++;
  }
  return { command: words[0], words: words.slice(1), files, configurations };
}

/** Whether deno loads packages with these arguments, and runs no program of the project. */
export function loadsPackages({ command }: DenoArguments): boolean {
  return command !== undefined && has(registryCommands, command);
}

/** Whether it surely reads the user's configuration once. */
export function readsOnce({ command = "", words }: DenoArguments): boolean {
  return has(readOnce, command) && (words.length === 0 || command === "cache");
}

function has(list: string, word: string): boolean {
  return list.split(" ").includes(word);
}
