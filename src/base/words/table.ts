/** Lays out lists of things with ids for people. */

/** Minimum length of the displayed id prefix; longer if ids would be ambiguous. */
const shownId = 8;
const gap = "  ";

/** Returns the beginnings by which the ids can be told apart. */
export function shortIds(things: readonly { id: string }[]): string[] {
  for (let length = shownId; ; length++) {
    const ids = things.map(({ id }) => id.slice(0, length));
    if (new Set(ids).size === things.length || things.every(({ id }) => id.length <= length)) return ids;
  }
}

export interface Fit {
  /** Of the terminal; undefined: nothing is cut off. */
  width: number | undefined;
  /** Which columns give way on a narrow one, in this order, down to these widths. */
  giveWay: readonly [column: number, least: number][];
}

/** Aligns the columns of the rows. */
export function table(
  rows: readonly string[][],
  { width, giveWay }: Fit = { width: undefined, giveWay: [] },
): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column]!))));
  for (const [column, least] of width === undefined ? [] : giveWay) {
    const excess = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width!;
    if (excess > 0) widths[column] = Math.min(widths[column]!, Math.max(least, widths[column]! - excess));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const shown = cut(cell, widths[column]!);
        return shown + " ".repeat(widths[column]! - Bun.stringWidth(shown));
      })
      .join(gap)
      .trimEnd(),
  );
}

/** Shortens a text to so many columns, at its end or at its start. */
export function cut(text: string, width: number, fromStart = false): string {
  if (Bun.stringWidth(text) <= width) return text;
  const all = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const kept: string[] = [];
  let used = 1;
  for (const character of fromStart ? all.toReversed() : all) {
    used += Bun.stringWidth(character);
    if (used > width) break;
    kept.push(character);
  }
  return fromStart ? `…${kept.toReversed().join("")}` : `${kept.join("").trimEnd()}…`;
}
