/** Runs cells, says what becomes of each, and counts. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { tempFolder } from "../temp-folder.ts";
import type { Cell } from "./cell.ts";
import { type Office, openOffice } from "./office.ts";
import { type CellResult, runCell } from "./run-cell.ts";
import { notToBeHad } from "./not-to-be-had.ts";

/** What `--json` prints. */
export interface MatrixReport {
  cells: number;
  passed: number;
  failed: number;
  /** What was not tried, and why. */
  skipped: string[];
  tokens_on_disk: number;
  tokens_to_others: number;
  files_edited_by_hand: number;
}

export interface MatrixOptions {
  /** How many cells run at once. */
  jobs: number;
  /** The limit of one cell, in milliseconds. */
  limitMs?: number;
  /** Whether a missing program is a failure, as in CI, where all are installed. */
  demandAll?: boolean;
  say?: (text: string) => void;
}

/** Runs the cells whose programs are there. Needs dist/sandbox/vouch and dist/vouch. */
export async function runMatrix(cells: Cell[], options: MatrixOptions): Promise<MatrixReport> {
  const { jobs, limitMs = 240_000, demandAll = process.env["CI"] === "true", say = console.log } = options;
  const started = performance.now();
  using folder = tempFolder("/tmp");
  const missing = cells.filter((cell) => missingOf(cell).length > 0);
  const queue = cells.filter((cell) => !missing.includes(cell));
  const office = await openOffice(folder.path);
  const results: CellResult[] = [];
  try {
    await Promise.all(Array.from({ length: jobs }, () => work(office, queue, limitMs, results, say)));
  } finally {
    await office.stop();
  }
  const leaked = office.toOthers();
  for (const request of leaked) say(`A TOKEN WENT TO SOMEBODY ELSE: ${request.split(" ").slice(0, 3).join(" ")}`);
  const skipped = missing.map(
    (cell) => `${cell.name}: needs ${missingOf(cell).join(", ")} (\`.ci/tools\`, or \`.ci/run\`)`,
  );
  for (const each of skipped) say(`${demandAll ? "failed" : "skipped"}  ${each}`);
  const failures = results.filter(({ failure }) => failure !== undefined).length;
  const report: MatrixReport = {
    cells: results.length + (demandAll ? missing.length : 0),
    passed: results.length - failures,
    failed: failures + (demandAll ? missing.length : 0) + (leaked.length > 0 ? 1 : 0),
    skipped: [...skipped, ...notToBeHad],
    tokens_on_disk: sum(results, ({ tokenFiles }) => tokenFiles.length),
    tokens_to_others: leaked.length,
    files_edited_by_hand: sum(results, ({ byHand }) => byHand.length),
  };
  const seconds = Math.round((performance.now() - started) / 1000);
  say(
    `\n${report.passed} of ${report.cells} cells passed in ${seconds} s; tokens on disk: ${report.tokens_on_disk}, to others: ${report.tokens_to_others}; files edited by hand: ${report.files_edited_by_hand}`,
  );
  return report;
}

async function work(
  office: Office,
  queue: Cell[],
  limitMs: number,
  results: CellResult[],
  say: (text: string) => void,
) {
  for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
    const result = await runCell(office, cell, limitMs);
    results.push(result);
    const time = `${(result.ms / 1000).toFixed(1)} s`.padStart(7);
    if (result.failure === undefined) say(`passed ${time}  ${cell.name} (${result.version})`);
    else
      say(
        `FAILED ${time}  ${cell.name} (${result.version ?? "no version"})\n${result.failure.replaceAll(/^/gm, "    ")}`,
      );
  }
}

/** What of a cell's needs is not there: paths, and programs of PATH. */
function missingOf({ needs }: Cell): string[] {
  return needs.filter((need) => (isAbsolute(need) ? !existsSync(need) : Bun.which(need) === null));
}

function sum(results: CellResult[], count: (result: CellResult) => number): number {
  return results.reduce((total, result) => total + count(result), 0);
}
