/** Parses the entries of a comma-separated list: trimmed, each once, empty ones left out. */
export function parseList(list: string): string[] {
  const entries = list.split(",").map((entry) => entry.trim());
  return [...new Set(entries)].filter((entry) => entry !== "");
}
