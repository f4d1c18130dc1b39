/**
 * Untrusted text on its way to people: AWS, servers, identity tokens, security keys, files and file names may hold
 * anything. Every output of the product passes through here (cli/terminal.ts, helper/output.ts, the server's commands,
 * the logs). This file imports nothing, because helpers load it.
 */

/** Control, format (zero width, bidirectional, byte order mark, tags), line and paragraph separators, lone surrogates. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** A run of white space with a line end or a tab in it. */
const lineEnd = /[ \u00a0]*[\t\n\r\v\f\u0085\u2028\u2029]+[\s\u0085]*/g;

/**
 * The text on one line: line ends and tabs become a blank, each other run of characters that a terminal would obey, or
 * that cannot be seen, becomes U+FFFD, so that nothing is drawn over, reordered or hidden.
 */
export function printable(text: string): string {
  return text.trim().replace(lineEnd, " ").replace(unprintable, "\ufffd");
}

/** JSON in which the characters that `printable` replaces are written as `\uXXXX`; the same value for who reads it. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .split("\n")
    .map((line) => line.replace(unprintable, escapeUnits))
    .join("\n");
}

function escapeUnits(text: string): string {
  // By UTF-16 unit, as JSON has it: a character beyond the basic plane becomes two escapes.
  return text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
