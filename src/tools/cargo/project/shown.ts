/**
 * Sanitizes names and values from a project's files (untrusted input) for a terminal: one line, no control characters.
 */

/** The text with control characters, line ends and bidirectional marks replaced. */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
