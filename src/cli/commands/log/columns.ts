/** The table of `vouch log`. */
import type { RecordEntry } from "../../../agent/wire/reply-parts.ts";
import { parsePackageEndpoint } from "../../../aws/package-endpoints.ts";
import { printable } from "../../../base/words/printable.ts";
import { cut } from "../../../base/words/table.ts";
import { clockTime } from "../../terminal/time.ts";

const heads = ["LAST", "TIMES", "WHAT", "WHERE", "OUTCOME", "WHO"];
const [what, where, who] = [2, 3, 5];
const gap = "  ";
/** While more is to come, the columns are as wide as is usual, so that they stay where they are. */
const usualWidths = [16, 5, 24, 60, 14, 0];
/** What WHERE is wide with the short names of endpoints, and WHO at least while more is to come. */
const shortWhere = 28;
const leastWho = 24;
/** On a terminal these columns give way, in this order, down to these widths: by the last of them 80 columns are enough. */
const giveWay: [column: number, least: number][] = [
  [where, shortWhere],
  [who, 24],
  [what, 20],
  [where, 18],
  [who, 14],
  [what, 14],
  [where, 12],
  [who, 8],
  [where, 8],
];

export interface Layout {
  /** The width of the terminal; undefined: nothing is cut off. */
  width: number | undefined;
  /** Whether more lines follow, in other calls. */
  follow: boolean;
}

/** Returns the table's head and lines; `now` in seconds since 1970. */
export function recordLines(entries: readonly RecordEntry[], now: number, layout: Layout): [head: string, ...string[]] {
  const { width, follow } = layout;
  const whole = entries.map((entry) => cellsOf(entry, now));
  // Piped, a URL of four repositories would push OUTCOME and WHO hundreds of columns away; `--json` has the URLs.
  const isNarrow = width === undefined || (follow ? sum(usualWidths) + leastWho : sum(naturalWidths(whole))) > width;
  const rows = isNarrow ? entries.map((entry) => cellsOf({ ...entry, target: shortTarget(entry) }, now)) : whole;
  const usual = isNarrow ? usualWidths.with(where, shortWhere) : usualWidths;
  const widths = follow ? usual : naturalWidths(rows);
  const fitting = layout.width === undefined ? widths : fitted(widths, layout.width, follow);
  const shown = (row: readonly string[]) => lineOf(row, fitting, layout.width !== undefined);
  return [shown(heads), ...rows.map(shown)];
}

function naturalWidths(rows: readonly string[][]): number[] {
  return heads.map((head, column) =>
    Math.max(Bun.stringWidth(head), ...rows.map((row) => Bun.stringWidth(row[column]!))),
  );
}

/** Endpoints of AWS by the names of domain and repository, each once, and formats, which are most of their URLs' use. */
function shortTarget({ target = "-" }: RecordEntry): string {
  let before: string | undefined;
  const shown = target.split(", ").map((each) => {
    const endpoint = parsePackageEndpoint(each);
    if (endpoint === undefined) return each;
    const name = `${endpoint.domain}/${endpoint.repository}`;
    const isSame = name === before;
    before = name;
    return isSame ? endpoint.format : `${name} ${endpoint.format}`;
  });
  return shown.join(", ");
}

/** The answer to a step that only begins something is no more than that: whether it came to anything, its finish says. */
function shownOutcome({ operation, outcome }: RecordEntry): string {
  return outcome === "ok" && operation.endsWith(" start") ? "begun" : outcome;
}

function cellsOf(entry: RecordEntry, now: number): string[] {
  const { last, count, operation, target, claims } = entry;
  return [
    clockTime(last, now),
    String(count),
    printable([operation, claims.join(", ")].join(" ")),
    printable(target ?? "-"),
    printable(shownOutcome(entry)),
    whoOf(entry),
  ];
}

/** The asker and those above it; a helper of Vouch is named by what has started it. A guest's are its end on this machine. */
function whoOf({ guest, askers }: RecordEntry): string {
  const chain = askers.map(({ name, pid }) => `${printable(name)} (${pid})`).join(" ← ") || "unknown";
  return guest === undefined ? chain : `guest ${printable(guest.name)}, user id ${guest.uid}: ${chain}`;
}

/** The widths for a terminal: the last column gets what is left, the others give way as far as they must. */
function fitted(widths: readonly number[], width: number, follow: boolean): number[] {
  const fitting = [...widths];
  if (follow) fitting[who] = Math.max(leastWho, width - sum(fitting));
  for (const [column, least] of giveWay) {
    const excess = sum(fitting) - width;
    if (excess > 0) fitting[column] = Math.min(fitting[column]!, Math.max(least, fitting[column]! - excess));
  }
  return fitting;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((all, width) => all + width, gap.length * (widths.length - 1));
}

function lineOf(row: readonly string[], widths: readonly number[], isCut: boolean): string {
  return row
    .map((cell, column) => {
      const width = widths[column]!;
      // Of a URL the end says more than the beginning.
      const shown = isCut ? cut(cell, width, column === where) : cell;
      return shown + " ".repeat(Math.max(0, width - Bun.stringWidth(shown)));
    })
    .join(gap)
    .trimEnd();
}
