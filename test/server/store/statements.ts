/** Every statement of the store, read from its source. */
import { readFileSync } from "node:fs";
import { Glob } from "bun";

const folder = new URL("../../../src/server/store/", import.meta.url).pathname;

export interface StoreStatement {
  /** File and line. */
  place: string;
  /** The literal parts; a parameter is between each two. */
  parts: string[];
}

/** Returns the tagged templates of the tables' statements. */
export function storeStatements(): StoreStatement[] {
  return [...new Glob("**/*.ts").scanSync(folder)].toSorted().flatMap((file) => {
    const text = readFileSync(folder + file, "utf8");
    return [...text.matchAll(/this\.#(?:sql|upkeep)`/g)].map((match) => ({
      place: `${file}:${text.slice(0, match.index).split("\n").length}`,
      parts: literalParts(text, match.index + match[0].length),
    }));
  });
}

/** Splits the template that begins at `start` at its substitutions, whose braces are balanced. */
function literalParts(text: string, start: number): string[] {
  const parts: string[] = [];
  let begin = start;
  for (let at = start; ; at++) {
    if (text[at] === "`") return [...parts, text.slice(begin, at)];
    if (!text.startsWith("${", at)) continue;
    parts.push(text.slice(begin, at));
    let depth = 0;
    do {
      if (text[at] === "{") depth++;
      if (text[at] === "}") depth--;
      at++;
    } while (depth > 0 || text[at - 1] === "$");
    begin = at;
    at--;
  }
}
