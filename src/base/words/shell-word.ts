/** The text in quotes, as one word of a POSIX shell, bash or zsh. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The text as one word of a POSIX shell, in quotes only where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./@:+,-]+$/.test(text) ? text : shellQuoted(text);
}
