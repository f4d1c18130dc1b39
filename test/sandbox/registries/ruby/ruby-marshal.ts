/**
 * Ruby's Marshal format 4.8, as far as a RubyGems repository writes it.
 * https://docs.ruby-lang.org/en/3.3/marshal_rdoc.html
 */

export type MarshalValue =
  | string
  | number
  | boolean
  | null
  | MarshalValue[]
  | { symbol: string }
  /** A hash whose keys are symbols, or strings. */
  | { symbols: Record<string, MarshalValue> }
  | { strings: Record<string, MarshalValue> }
  /** An object with its instance variables; one that dumps itself as a value; one that dumps itself as bytes. */
  | { class: string; variables: Record<string, MarshalValue> }
  | { class: string; dumps: MarshalValue }
  | { class: string; bytes: Uint8Array };

/** The value as `Marshal.dump` writes it. Numbers are whole, from 0 to 2^30. */
export function marshal(value: MarshalValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([new Uint8Array([4, 8]), ...new Writer().write(value)]));
}

class Writer {
  /** Symbols by the order of their first use: a later use is a link. */
  readonly #symbols = new Map<string, number>();

  write(value: MarshalValue): Uint8Array[] {
    if (value === null) return [tag("0")];
    if (typeof value === "boolean") return [tag(value ? "T" : "F")];
    if (typeof value === "number") return [tag("i"), integer(value)];
    // An instance variable `E` that is true: the string is UTF-8.
    if (typeof value === "string") return [tag('I"'), ...sized(value), integer(1), ...this.#symbol("E"), tag("T")];
    if (Array.isArray(value)) return [tag("["), integer(value.length), ...value.flatMap((each) => this.write(each))];
    if ("symbol" in value) return this.#symbol(value.symbol);
    if ("symbols" in value) return [tag("{"), ...this.#entries(value.symbols, (name) => this.#symbol(name))];
    if ("strings" in value) return [tag("{"), ...this.#entries(value.strings, (name) => this.write(name))];
    const name = this.#symbol(value.class);
    if ("bytes" in value) return [tag("u"), ...name, ...sized(value.bytes)];
    if ("dumps" in value) return [tag("U"), ...name, ...this.write(value.dumps)];
    return [tag("o"), ...name, ...this.#entries(value.variables, (variable) => this.#symbol(variable))];
  }

  #symbol(name: string): Uint8Array[] {
    const known = this.#symbols.get(name);
    if (known !== undefined) return [tag(";"), integer(known)];
    this.#symbols.set(name, this.#symbols.size);
    return [tag(":"), ...sized(name)];
  }

  #entries(of: Record<string, MarshalValue>, key: (name: string) => Uint8Array[]): Uint8Array[] {
    const entries = Object.entries(of);
    return [integer(entries.length), ...entries.flatMap(([name, value]) => key(name).concat(this.write(value)))];
  }
}

function tag(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function sized(content: string | Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(content);
  return [integer(bytes.length), bytes];
}

/** One byte up to 122, else the number of little-endian bytes and then those. */
function integer(value: number): Uint8Array {
  if (value === 0) return new Uint8Array([0]);
  if (value < 123) return new Uint8Array([value + 5]);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  return new Uint8Array([bytes.length, ...bytes]);
}
