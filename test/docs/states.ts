/**
 * What the documentation says that a person sees, for tests that hold the product to it. A table's row is
 * `| state | line<br>line |`: each line of the terminal in a code span, in double backticks where it contains one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The documents with such tables; states.test.ts demands a test for every row. */
export const documents = ["security-keys.md"] as const;

/** The rows of a document's tables whose second column holds lines of the terminal: state → lines. */
export function documentedStates(document: (typeof documents)[number]): Map<string, string[]> {
  const text = readFileSync(join(import.meta.dir, "../../docs", document), "utf8");
  const states = new Map<string, string[]>();
  for (const row of text.split("\n").filter((line) => line.startsWith("| "))) {
    const [state = "", seen = ""] = row
      .slice(2, -1)
      .split(/(?<!\\)\|/u)
      .map((cell) => cell.trim());
    const lines = seen.split("<br>").map(codeSpan);
    if (!lines.every((line) => line !== undefined)) continue;
    if (states.has(state)) throw new Error(`docs/${document} has the state "${state}" twice`);
    states.set(state, lines);
  }
  return states;
}

/** The lines of one state. Throws when the document does not have it. */
export function documentedLines(document: (typeof documents)[number], state: string): string[] {
  const lines = documentedStates(document).get(state);
  if (lines === undefined) throw new Error(`docs/${document} has no state "${state}"`);
  return lines;
}

function codeSpan(text: string): string | undefined {
  const content = /^(`+)(.+)\1$/u.exec(text.trim())?.[2];
  return content?.replace(/^ (`.*|.*`) $/u, "$1").replaceAll("\\|", "|");
}
