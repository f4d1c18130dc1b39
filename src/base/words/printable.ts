/**
 * Sanitizes untrusted text for output: AWS, servers, identity tokens, security keys, files and file names may contain
 * anything. All output passes through here (the terminal, helpers, the server's commands, the logs). No imports,
 * because helpers load this file.
 */

/**
 * Control and format characters (zero width, bidirectional, byte order mark, tags), line and paragraph separators, lone
 * surrogates.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** A run of whitespace that contains a line end or tab. */
const lineEnd = /[ \u00a0]*[\t\n\r\v\f\u0085\u2028\u2029]+[\s\u0085]*/g;

/**
 * The text on one line: line ends and tabs become a space, any other run of control or invisible characters becomes
 * U+FFFD. So untrusted text cannot overwrite, reorder or hide output.
 */
export function printable(text: string): string {
  return text.trim().replace(lineEnd, " ").replace(unprintable, "\ufffd");
}

/** JSON with the characters that `printable` replaces escaped as `\uXXXX`; it parses to the same value. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .split("\n")
    .map((line) => line.replace(unprintable, escapeUnits))
    .join("\n");
}

function escapeUnits(text: string): string {
  // By UTF-16 code unit, as in JSON: a character beyond the basic plane becomes two escapes.
  return text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
