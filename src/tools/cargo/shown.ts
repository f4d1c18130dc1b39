/** How names and values of a project's files are shown to people: on one line, and without what could steer a terminal. */

/** The text without control characters, line ends and marks that reorder it. */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
