/**
 * Locates the statements of a TOML document by line, which a parser that returns values does not.
 * https://toml.io/en/v1.0.0
 */

export interface TomlStatement {
  kind: "table" | "array of tables" | "key/value";
  /** The table of a key/value pair; for a header, the table that it names. */
  table: string[];
  /** The key of a key/value pair relative to its table (dotted keys have several parts); empty for a header. */
  key: string[];
  /** Line range: from `from` up to, not including, `to` (from 0). */
  from: number;
  to: number;
}

/** Returns the statements in order. The text must be valid TOML without a byte order mark. */
export function tomlStatements(text: string): TomlStatement[] {
  const statements: TomlStatement[] = [];
  const reader = new Reader(text);
  let table: string[] = [];
  for (reader.skipToStatement(); !reader.atEnd; reader.skipToStatement()) {
    const from = reader.line;
    const brackets = reader.take(/\[\[?/y);
    const path = reader.key();
    if (brackets !== "") {
      table = path;
      reader.take(/\]\]?/y);
    } else {
      reader.take(/=/y);
      reader.skipValue();
    }
    reader.take(/[^\n]*/y);
    const kind = brackets === "[[" ? "array of tables" : brackets === "[" ? "table" : "key/value";
    statements.push({ kind, table, key: brackets === "" ? path : [], from, to: reader.line + 1 });
  }
  return statements;
}

const basicString = /"(?:[^"\\\n]|\\.)*"/y;
const literalString = /'[^'\n]*'/y;
const multiLineString = /"""(?:[^"\\]|\\[^]|"(?!""))*"{3,5}|'''(?:[^']|'(?!''))*'{3,5}/y;

class Reader {
  line = 0;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Consumes and returns the text that matches at the current position; empty if none does. Counts lines. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    this.line += found.split("\n").length - 1;
    return found;
  }

  skipToStatement(): void {
    this.take(/(?:[ \t\r\n]|#[^\n]*)*/y);
  }

  /** Consumes a key: bare, quoted or dotted. */
  key(): string[] {
    const parts: string[] = [];
    do {
      this.take(/[ \t]*/y);
      const quoted = this.take(basicString) || this.take(literalString);
      // A quoted key has string syntax: let the TOML parser decode its escapes.
      if (quoted === "") parts.push(this.take(/[A-Za-z0-9_-]*/y));
      else parts.push((Bun.TOML.parse(`key = ${quoted}`) as { key: string }).key);
      this.take(/[ \t]*/y);
    } while (this.take(/\./y) !== "");
    return parts;
  }

  /** Skips a value: arrays and inline tables to their closing bracket, others to the end of the line. */
  skipValue(): void {
    let depth = 0;
    do {
      this.take(/[ \t]*/y);
      if (depth > 0) this.take(/(?:[ \t\r\n]|#[^\n]*)*/y);
      if (this.take(/[[{]/y) !== "") depth++;
      else if (this.take(/[\]}]/y) !== "") depth--;
      else if (this.take(multiLineString) === "" && this.take(basicString) === "" && this.take(literalString) === "") {
        // Number, date, key of an inline table, or separator.
        if (this.take(/[^\s[\]{}"'#]+/y) === "") break;
      }
    } while (depth > 0 && !this.atEnd);
  }
}
