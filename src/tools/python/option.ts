/** Options with a value on the command lines of tools that publish. */

export interface FoundOption {
  value: string;
  /** The arguments with another value in its place. */
  replace: (value: string) => string[];
}

/** How an option is written. */
export interface OptionSpelling {
  /** Whether `--WORD` is the option. */
  isLong: (word: string) => boolean;
  /** The letter of the short form, and the letters of flags that may stand before it in one word. */
  short?: string;
  flags?: string;
}

/** `-r VALUE`, `-rVALUE`, `-r=VALUE`, `--long VALUE`, `--long=VALUE` from that argument on; the last one counts. */
export function lastOption(
  args: readonly string[],
  from: number,
  { isLong, short = "", flags = "" }: OptionSpelling,
): FoundOption | undefined {
  const end = args.indexOf("--", from);
  const joined = new RegExp(`^(-[${flags}]*${short}=?)(.+)$`, "s");
  const alone = new RegExp(`^-[${flags}]*${short}$`);
  for (let index = (end < 0 ? args.length : end) - 1; index >= from; index--) {
    const word = args[index]!;
    const equals = word.indexOf("=");
    if (word.startsWith("--")) {
      if (!isLong(equals < 0 ? word : word.slice(0, equals))) continue;
      if (equals >= 0) return found(args, index, word.slice(0, equals + 1), word.slice(equals + 1));
    } else {
      const [, prefix, value] = (short !== "" && joined.exec(word)) || [];
      if (value !== undefined) return found(args, index, prefix!, value);
      if (short === "" || !alone.test(word)) continue;
    }
    const next = args[index + 1];
    if (next !== undefined) return found(args, index + 1, "", next);
  }
  return undefined;
}

function found(args: readonly string[], index: number, prefix: string, value: string): FoundOption {
  return { value, replace: (other) => args.with(index, `${prefix}${other}`) };
}
