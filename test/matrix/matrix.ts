/** Runs cells, says what becomes of each, and counts. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { Failure, Outcome } from "../junit.ts";
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

/** The report, and the same as the outcome of tests: each cell is one, and so is that no token went to others. */
export interface MatrixRun {
  report: MatrixReport;
  outcome: Outcome;
}

export interface MatrixOptions {
  /** How many cells run at once. */
  jobs: number;
  /** Whether a missing program is a failure, as in CI, where all are installed. */
  demandAll?: boolean;
  say?: (text: string) => void;
}

/** Runs the cells whose programs are there. Needs dist/sandbox/vouch and dist/vouch. */
export async function runMatrix(cells: Cell[], options: MatrixOptions): Promise<MatrixRun> {
  const { jobs, demandAll = process.env["CI"] === "true", say = console.log } = options;
  const started = performance.now();
  using folder = tempFolder("/tmp");
  const missing = cells.filter((cell) => missingOf(cell).length > 0);
  const queue = cells.filter((cell) => !missing.includes(cell));
  const office = await openOffice(folder.path);
  const results: CellResult[] = [];
  try {
    await Promise.all(Array.from({ length: jobs }, () => work(office, queue, results, say)));
  } finally {
    await office.stop();
  }
  const leaked = office.toOthers();
  const skipped = missing.map(
    (cell) => `${cell.name}: needs ${missingOf(cell).join(", ")} (\`${cell.installer ?? ".ci/run"}\` installs it)`,
  );
  for (const each of skipped) say(`${demandAll ? "FAILED" : "skipped"}  ${each}`);
  const failed: Failure[] = [
    ...results.flatMap(({ cell, failure }) => (failure === undefined ? [] : [{ test: cell.name, message: failure }])),
    ...leaked.map((request) => ({
      test: "no token goes to somebody else",
      message: `A token went out with ${request.split(" ").slice(0, 3).join(" ")}`,
    })),
    ...(demandAll ? skipped.map((message) => ({ test: "what a cell needs is installed", message })) : []),
  ];
  const passed = results.filter(({ failure }) => failure === undefined).length;
  const report: MatrixReport = {
    cells: results.length,
    passed,
    failed: failed.length,
    skipped: [...skipped, ...notToBeHad],
    tokens_on_disk: sum(results, ({ tokenFiles }) => tokenFiles.length),
    tokens_to_others: leaked.length,
    files_edited_by_hand: sum(results, ({ byHand }) => byHand.length),
  };
  for (const { test, message } of failed.slice(results.length - passed)) say(`FAILED ${test}: ${message}`);
  const seconds = Math.round((performance.now() - started) / 1000);
  say(
    `\n${passed} of ${results.length} cells passed in ${seconds} s, ${skipped.length} skipped; tokens on disk: ${report.tokens_on_disk}, to others: ${report.tokens_to_others}; files edited by hand: ${report.files_edited_by_hand}`,
  );
  const outcome: Outcome = {
    tests: passed + failed.length + (demandAll ? 0 : skipped.length),
    failures: failed.length,
    skipped: demandAll ? 0 : skipped.length,
    failed,
  };
  return { report, outcome };
}

async function work(office: Office, queue: Cell[], results: CellResult[], say: (text: string) => void) {
  for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
    const result = await runCell(office, cell);
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
