/** The table in docs/threat-model.md, between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempts, inWords } from "./attempts.ts";
import type { Result } from "./judge.ts";

const file = join(import.meta.dir, "../../docs/threat-model.md");
const between = /(?<=<!-- worm: begin -->\n)[^]*?(?=<!-- worm: end -->)/;

/** Writes what each worm got by each attempt; an empty cell for one that is not made there. */
export function writeTable(results: readonly Result[]): void {
  const rows = attempts.map(({ name, way, tries }) => {
    const cells = results.map(({ got }) => (got.get(name) === "none" ? "nothing" : (got.get(name) ?? "")));
    return `| ${[inWords(way), tries, ...cells].join(" | ")} |`;
  });
  const head = ["by", "what it tries", ...results.map(({ worm }) => worm)];
  const lines = [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...rows];
  writeFileSync(file, readFileSync(file, "utf8").replace(between, `\n${lines.join("\n")}\n\n`));
}

/** The attempts of the table that is there: way and words. */
export function writtenRows(): string[][] {
  const lines = between.exec(readFileSync(file, "utf8"))?.[0].trim().split("\n").slice(2) ?? [];
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, 3)
      .map((cell) => cell.trim()),
  );
}
