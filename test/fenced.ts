/** The fenced code blocks of a document, for tests that take it at its word. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The contents of the blocks of one language in docs/`document`, in their order. */
export function fencedBlocks(document: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dir, "../docs", document), "utf8");
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, named, block]) =>
    named === language && block !== undefined ? [block] : [],
  );
}
