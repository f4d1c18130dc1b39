/** Formatting of generated shell scripts: quoting, indentation. */

/** Quotes the text as one word for a POSIX shell, bash or zsh. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Joins the lines, each indented by `columns` spaces. */
export function indented(columns: number, lines: readonly string[]): string {
  return lines.map((line) => " ".repeat(columns) + line).join("\n");
}
