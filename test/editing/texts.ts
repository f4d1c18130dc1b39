/** Arbitrary configuration files: plausible and odd lines, mixed line ends, byte order mark, no line end at the end. */
import fc from "fast-check";

/** Texts made of lines of the pool and of arbitrary characters behind `#`. */
export function configTexts(pool: string[], options: { byteOrderMark?: boolean } = {}): fc.Arbitrary<string> {
  const comment = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `# ${text.replace(/[\p{Cc}]/gu, "?")}`);
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pool) },
    { weight: 1, arbitrary: comment },
    { weight: 1, arbitrary: fc.constantFrom("", "   ", "#| not ours", "# vouch") },
  );
  const eols = fc.constantFrom(["\n"], ["\r\n"], ["\n", "\r\n", "\n"]);
  return fc
    .record({
      lines: fc.array(line, { maxLength: 14 }),
      eols,
      final: fc.boolean(),
      mark: fc.constantFrom("", "", "", options.byteOrderMark === false ? "" : "\ufeff"),
    })
    .map(({ lines, eols: ends, final, mark }) => {
      const text = lines.map((each, index) => each + ends[index % ends.length]!).join("");
      return mark + (final ? text : text.replace(/\r?\n$/, ""));
    });
}

/** The lines outside of blocks must be the same, byte for byte: the edited text without its top-level blocks. */
export function outsideBlocks(text: string): string[] {
  const lines = text.replace(/^\ufeff/, "").match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const outside: string[] = [];
  let inside = false;
  for (const line of lines) {
    if (line.startsWith("# >>> vouch ")) inside = true;
    else if (inside && line.startsWith("# <<< vouch")) inside = false;
    else if (!inside) outside.push(line);
  }
  return outside;
}

/** Whether every element of `part` stands in `whole`, in the same order. */
export function isSubsequence(part: string[], whole: string[]): boolean {
  let at = 0;
  for (const element of whole) if (element === part[at]) at++;
  return at === part.length;
}
