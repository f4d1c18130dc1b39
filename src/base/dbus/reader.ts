/** Reads marshalled values (D-Bus Specification, "Marshaling"), which are untrusted: lengths, padding and types are checked. */
import { alignmentOf, firstType } from "./signature.ts";

/** The limit on containers in containers. */
const maxDepth = 64;

/** Reads values at their alignment. Throws `RangeError` where the bytes are not what they should be. */
export class Reader {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, isLittle: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = isLittle;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  byte(): number {
    const value = this.#view.getUint8(this.#at);
    this.#at += 1;
    return value;
  }

  uint32(): number {
    this.align(4);
    const value = this.#view.getUint32(this.#at, this.#isLittle);
    this.#at += 4;
    return value;
  }

  boolean(): boolean {
    const value = this.uint32();
    if (value > 1) throw new RangeError("expected a boolean");
    return value === 1;
  }

  /** A string, or an object path. */
  string(): string {
    return this.#text(this.uint32());
  }

  signature(): string {
    return this.#text(this.byte());
  }

  /** The signature of the variant that follows, which must be this one. */
  variant(signature: string): void {
    if (this.signature() !== signature) throw new RangeError(`expected a variant of ${signature}`);
  }

  strings(): string[] {
    const end = this.uint32() + this.#at;
    const found: string[] = [];
    while (this.#at < end) found.push(this.string());
    return found;
  }

  /** A dictionary of variants, a{sv}; `take` may read a value of that signature, and returns whether it has. */
  dictionary(take: (name: string, signature: string) => boolean): void {
    const bytes = this.uint32();
    this.align(8);
    for (const end = this.#at + bytes; this.#at < end;) {
      this.align(8);
      const name = this.string();
      const signature = this.signature();
      if (!take(name, signature)) this.skip(signature);
    }
  }

  /** Passes over values of any types. */
  skip(signature: string, depth = 0): void {
    if (depth > maxDepth) throw new RangeError(`expected at most ${maxDepth} containers in each other`);
    for (let rest = signature; rest !== "";) {
      const type = firstType(rest);
      rest = rest.slice(type.length);
      this.#skipOne(type, depth);
    }
  }

  #skipOne(type: string, depth: number): void {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case "s":
      case "o":
        this.string();
        return;
      case "g":
        this.signature();
        return;
      case "v":
        this.skip(firstType(this.signature()), depth + 1);
        return;
      case "a": {
        const bytes = this.uint32();
        this.align(alignmentOf(type.slice(1)));
        this.#pass(bytes);
        return;
      }
      case "(":
      case "{":
        this.skip(type.slice(1, -1), depth + 1);
        return;
      default:
        // The size of the others is their alignment.
        this.#pass(alignmentOf(type));
    }
  }

  #pass(bytes: number): void {
    if (this.#at + bytes > this.#view.byteLength) throw new RangeError("expected a value that ends in the message");
    this.#at += bytes;
  }

  align(bytes: number): void {
    while (this.#at % bytes !== 0) if (this.byte() !== 0) throw new RangeError("expected padding");
  }

  #text(length: number): string {
    const start = this.#view.byteOffset + this.#at;
    if (this.#at + length >= this.#view.byteLength) throw new RangeError("expected a text that ends in the message");
    const text = Buffer.from(this.#view.buffer, start, length).toString("utf8");
    this.#at += length;
    if (this.byte() !== 0) throw new RangeError("expected a text that ends with a null byte");
    return text;
  }
}
