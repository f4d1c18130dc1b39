/**
 * `npm run matrix`: every package manager, version and way of starting it, with the compiled executable, in the sandbox.
 *   npm run matrix -- --full          slow and rare cells too
 *   npm run matrix -- --only TOOL     the cells of one package manager; may be repeated
 *   npm run matrix -- --json          prints the result as one line of JSON at the end
 */
import { writeFileSync } from "node:fs";
import { scriptOptions } from "../../build/script-options.ts";
import { runMatrix } from "./matrix.ts";
import { cells } from "./cells.ts";

const values = scriptOptions("npm run matrix [-- --full] [--only TOOL] [--jobs N] [--json]", {
  full: { type: "boolean" },
  only: { type: "string", multiple: true },
  jobs: { type: "string" },
  json: { type: "boolean" },
  // For `npm test`: a file that the outcome is written to.
  outcome: { type: "string" },
});
const known = new Set(cells.map(({ tool }) => tool));
const only = values.only ?? [];
const unknown = only.find((tool) => !known.has(tool));
const jobs = Number(values.jobs ?? 2);
if (unknown !== undefined || !Number.isInteger(jobs) || jobs < 1) {
  console.error(
    unknown === undefined
      ? `--jobs expects a number, got ${values.jobs}.`
      : `--only expects one of ${[...known].join(", ")}, got ${unknown}.`,
  );
  process.exit(2);
}
const chosen = cells.filter(({ tool, full }) => (only.length === 0 || only.includes(tool)) && (values.full || !full));
const { report, outcome } = await runMatrix(chosen, { jobs });
if (values.outcome !== undefined) writeFileSync(values.outcome, JSON.stringify(outcome));
if (values.json) console.log(JSON.stringify(report));
process.exit(report.failed === 0 && report.passed > 0 ? 0 : 1);
