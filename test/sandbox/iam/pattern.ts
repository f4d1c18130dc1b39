/** Text with IAM's wildcards. */

/** Literal text, any text (`*`), any one character (`?`). */
export type Piece = { text: string } | "*" | "?";
export type Pattern = readonly Piece[];

/** Splits text at its wildcards. */
export function parsePattern(text: string): Pattern {
  return text
    .split(/([*?])/)
    .filter((piece) => piece !== "")
    .map((piece) => (piece === "*" || piece === "?" ? piece : { text: piece }));
}

/** The text of a pattern whose wildcards mean themselves. */
export function literally(pattern: Pattern): string {
  return pattern.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
}

export function matches(pattern: Pattern, value: string): boolean {
  const source = pattern.map((piece) => {
    if (piece === "*") return "[^]*";
    return piece === "?" ? "[^]" : piece.text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "u").test(value);
}
