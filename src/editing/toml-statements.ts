/**
 * Where the statements of a TOML document stand, line by line: what a parser to values does not tell.
 * https://toml.io/en/v1.0.0
 */

export interface TomlStatement {
  kind: "table" | "array of tables" | "key/value";
  /** The table that a key/value pair stands in; the named table itself for a header. */
  table: string[];
  /** The key of a key/value pair as written below its table (dotted keys have several parts); empty for a header. */
  key: string[];
  /** The lines it takes: from `from` up to, not including, `to` (from 0). */
  from: number;
  to: number;
}

/** The statements in order. The text must be valid TOML, without a byte order mark. */
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

  /** The text that matches here, which is passed over; empty when none does. Counts lines. */
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

  /** A key, bare, quoted or dotted. */
  key(): string[] {
    const parts: string[] = [];
    do {
      this.take(/[ \t]*/y);
      const quoted = this.take(basicString) || this.take(literalString);
      // A quoted key is written as a string is: the parser knows the escapes.
      if (quoted === "") parts.push(this.take(/[A-Za-z0-9_-]*/y));
      else parts.push((Bun.TOML.parse(`key = ${quoted}`) as { key: string }).key);
      this.take(/[ \t]*/y);
    } while (this.take(/\./y) !== "");
    return parts;
  }

  /** Passes over a value: arrays and inline tables to their closing bracket, everything else to the line's end. */
  skipValue(): void {
    let depth = 0;
    do {
      this.take(/[ \t]*/y);
      if (depth > 0) this.take(/(?:[ \t\r\n]|#[^\n]*)*/y);
      if (this.take(/[[{]/y) !== "") depth++;
      else if (this.take(/[\]}]/y) !== "") depth--;
      else if (this.take(multiLineString) === "" && this.take(basicString) === "" && this.take(literalString) === "") {
        // A number, a date, a key of an inline table, or a separator.
        if (this.take(/[^\s[\]{}"'#]+/y) === "") break;
      }
    } while (depth > 0 && !this.atEnd);
  }
}
