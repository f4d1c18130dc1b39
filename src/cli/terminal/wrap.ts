/** Breaks lines for people between words, so that a narrow terminal does not break them within. */

/** From this width on a message is left whole: few are longer, and what is copied has no line end in it. */
const wideTerminal = 120;

/** What is not broken: text in backticks, which is a command to copy, and a word. */
const unbroken = /(?:`[^`]*`|\S)+/g;

/** Returns the text in lines of at most `width` columns, if no word is longer. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of text.match(unbroken) ?? []) {
    const columns = Bun.stringWidth(word);
    if (line !== "" && used + 1 + columns > width) {
      lines.push(line);
      line = word;
      used = columns;
    } else {
      used += columns + (line === "" ? 0 : 1);
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}

/**
 * Returns a message in lines of at most `width` columns; `undefined` is no terminal. What is laid out already, with an
 * indent or in columns, stays as it is.
 */
export function wrapMessage(line: string, width: number | undefined): string {
  if (width === undefined || width >= wideTerminal || Bun.stringWidth(line) <= width || /^ | {2}/.test(line)) {
    return line;
  }
  return wrap(line, width);
}
