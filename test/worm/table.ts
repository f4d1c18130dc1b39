/** The table in docs/threat-model.md, between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempts, inWords, type Way } from "./attempts.ts";
import type { Result, Spoil } from "./judge.ts";

const file = join(import.meta.dir, "../../docs/threat-model.md");
const between = /(?<=<!-- worm: begin -->\n)[^]*?(?=<!-- worm: end -->)/;

/** Ways whose outcome is the system's: Yama, what a process has not freed yet, and who was faster. */
const systems: ReadonlySet<Way> = new Set(["memory", "race"]);

const cellOf = (spoil: Spoil | undefined) => (spoil === "none" ? "nothing" : (spoil ?? "not tried"));

/** Writes what each worm got by each attempt. */
export function writeTable(results: readonly Result[]): void {
  const rows = attempts.map(({ name, way, tries }) => {
    return `| ${[inWords(way), tries, ...results.map(({ got }) => cellOf(got.get(name)))].join(" | ")} |`;
  });
  const head = ["by", "what it tries", ...results.map(({ worm }) => worm)];
  const lines = [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...rows];
  writeFileSync(file, readFileSync(file, "utf8").replace(between, `\n${lines.join("\n")}\n\n`));
}

/** The table that is there, its head first: by row, the cells. */
export function writtenRows(): string[][] {
  const [head = "", , ...rows] = between.exec(readFileSync(file, "utf8"))?.[0].trim().split("\n") ?? [];
  return [head, ...rows].map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "").trim()));
}

/** Where the worms got something else than the table says, in words. */
export function differences(results: readonly Result[]): string[] {
  const [head = [], ...rows] = writtenRows();
  return results.flatMap(({ worm, got }) =>
    attempts.flatMap(({ name, way, tries }) => {
      const written = rows.find(([, text]) => text === tries)?.[head.indexOf(worm)];
      const spoil = got.get(name);
      const isSystems = systems.has(way) || name === "replace-socket";
      const isAsWritten = cellOf(spoil) === written || (isSystems && (spoil === "none" || spoil === "read token"));
      return isAsWritten ? [] : [`${worm}, ${name}: ${cellOf(spoil)}, in the table ${written ?? "no such row"}`];
    }),
  );
}
