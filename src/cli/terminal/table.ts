/** Lays out lists of things with ids for people. */

/** Minimum length of the displayed id prefix; longer if ids would be ambiguous. */
const shownId = 8;

/** Returns the beginnings by which the ids can be told apart. */
export function shortIds(things: readonly { id: string }[]): string[] {
  for (let length = shownId; ; length++) {
    const ids = things.map(({ id }) => id.slice(0, length));
    if (new Set(ids).size === things.length || things.every(({ id }) => id.length <= length)) return ids;
  }
}

/** Aligns the columns of the rows. */
export function table(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column]!))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(widths[column]! - Bun.stringWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}
