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

/** Options of gem that decide where a token goes, or whom the connection trusts. */
const deciding = ["--host", "--config-file", "--source", "--clear-sources"] as const;

/**
 * The first of these options that is shortened, as written and in full: RubyGems takes any beginning of a long option for
 * it, and of several that it knows the last one.
 */
export function shortenedOption(args: readonly string[]): { given: string; whole: string } | undefined {
  const end = args.indexOf("--");
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const given = arg.split("=", 1)[0]!;
    const whole = /^--./.test(given) ? deciding.find((each) => each !== given && each.startsWith(given)) : undefined;
    if (whole !== undefined) return { given, whole };
  }
  return undefined;
}
