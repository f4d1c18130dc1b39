/** Which of bun's commands contact a registry. */

/** Every other word is a script, a file or a program of the project, which gets no token. */
const registryCommands =
  "install i add a update up remove rm uninstall outdated audit publish pm info view create c link unlink patch x";

/** Options with a value of their own word that may stand before the command. */
const valuedOptions =
  "-c --config --cwd --env-file -r --preload --require --import --inspect --define -d --drop --loader -l --registry --backend " +
  "--cache-dir --linker --omit --filter -F --cpu --os --ca --cafile --network-concurrency --concurrent-scripts --tsconfig-override " +
  "--conditions --main-fields --extension-order --shell --tag --access --otp --auth-type --minimum-release-age --port -e --eval -p --print";

export interface BunArguments {
  command: string | undefined;
  /** Values of options, by the option's name. */
  options: Map<string, string[]>;
}

/** Reads the arguments of bun: its command, undefined for a script or a program of the project, and its options. */
export function readBunArguments(args: readonly string[]): BunArguments {
  const options = new Map<string, string[]>();
  const keep = (option: string, value: string): void => {
    options.set(option, [...(options.get(option) ?? []), value]);
  };
  let command: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--") break;
    const equals = word.indexOf("=");
    if (!word.startsWith("-")) command ??= word;
    else if (equals > 0) keep(word.slice(0, equals), word.slice(equals + 1));
    else if (has(valuedOptions, word)) keep(word, args[++index] ?? "");
    // A value joined to a short option.
    else if (/^-c./.test(word)) keep("-c", word.slice(2));
  }
  return { command, options };
}

/** Whether bun (or bunx) may contact a registry with these arguments. */
export function asksRegistry(name: string, args: readonly string[]): boolean {
  const { command } = readBunArguments(args);
  return name === "bunx" || (command !== undefined && has(registryCommands, command));
}

function has(list: string, word: string): boolean {
  return list.split(" ").includes(word);
}
