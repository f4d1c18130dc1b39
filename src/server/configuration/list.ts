/** Lists of settings and options. */
import { VouchError } from "../../base/errors.ts";

/**
 * Parses the entries of a comma-separated list, each trimmed and once. Throws `usage` for an empty one (a comma too many):
 * it may stand for a value that got lost.
 */
export function parseList(text: string, name: string): string[] {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.every((entry) => entry !== "")) return [...new Set(entries)];
  throw new VouchError("usage", `Expected --${name} with no empty entry, got "${text.slice(0, 300)}".`);
}
