/** Writing shell scripts. */

/** The lines, each behind so many blanks. */
export function indented(columns: number, lines: readonly string[]): string {
  return lines.map((line) => " ".repeat(columns) + line).join("\n");
}
