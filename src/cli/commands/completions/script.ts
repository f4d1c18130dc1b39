/** Formatting of generated shell scripts: quoting, indentation. */

/** Joins the lines, each indented by `columns` spaces. */
export function indented(columns: number, lines: readonly string[]): string {
  return lines.map((line) => " ".repeat(columns) + line).join("\n");
}
