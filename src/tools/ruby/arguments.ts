/** How RubyGems and Bundler read their arguments. */

/** The values of a long option: `--name VALUE`, `--name=VALUE`. */
export function optionValues(args: readonly string[], name: string): string[] {
  return args.flatMap((arg, index) => {
    if (arg === name) return args[index + 1] === undefined ? [] : [args[index + 1]!];
    return arg.startsWith(`${name}=`) ? [arg.slice(name.length + 1)] : [];
  });
}

/**
 * The command that a word names, of those listed: itself or, as both tools take it, its beginning of two letters or
 * more.
 */
export function commandNamed(word: string | undefined, commands: readonly string[]): string | undefined {
  if (word === undefined) return undefined;
  return commands.find((command) => command === word || (word.length > 1 && command.startsWith(word)));
}
