/**
 * Messages of the D-Bus wire protocol (D-Bus Specification, "Message Protocol"), as far as a client needs them that
 * calls methods with strings and listens to signals. What comes is untrusted: lengths, padding and types are checked.
 */

const littleEndian = 0x6c;
const bigEndian = 0x42;
const majorVersion = 1;
/** The bytes before the header fields: four bytes, length of the body, serial, length of the fields. */
const fixedBytes = 16;

export const messageTypes = { methodCall: 1, methodReturn: 2, error: 3, signal: 4 } as const;

/** The limit on containers in containers. */
const maxDepth = 64;

/** The alignment of each type of a signature, by its first character. */
const alignments: Partial<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  h: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  "(": 8,
  "{": 8,
};

/** Header field codes, and the type that each must have; others are ignored. */
const fieldTypes: Partial<Record<number, string>> = {
  1: "o",
  2: "s",
  3: "s",
  4: "s",
  5: "u",
  6: "s",
  7: "s",
  8: "g",
  9: "u",
};

export interface Message {
  type: number;
  path: string | undefined;
  interface: string | undefined;
  member: string | undefined;
  errorName: string | undefined;
  replySerial: number | undefined;
  sender: string | undefined;
  signature: string;
  /** Reads the body. */
  body: () => Reader;
}

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

function alignmentOf(type: string): number {
  const alignment = alignments[type[0] ?? ""];
  if (alignment === undefined) throw new RangeError(`expected a type, got ${JSON.stringify(type)}`);
  return alignment;
}

/** The single complete type that a signature begins with. */
function firstType(signature: string): string {
  let open = 0;
  for (let at = 0; at < signature.length; at++) {
    const letter = signature[at]!;
    if (letter === "(" || letter === "{") open++;
    else if (letter === ")" || letter === "}") open--;
    if (open === 0 && letter !== "a") return signature.slice(0, at + 1);
  }
  throw new RangeError(`expected a complete type, got ${JSON.stringify(signature)}`);
}

/** The bytes of the first message in what has come; undefined while there are fewer than that. Throws `RangeError`. */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const reader = headOf(bytes);
  const body = reader.uint32();
  reader.uint32();
  return aligned(fixedBytes + reader.uint32()) + body;
}

/** Parses one whole message. Throws `RangeError`. */
export function parseMessage(bytes: Uint8Array): Message {
  const isLittle = bytes[0] === littleEndian;
  const reader = headOf(bytes);
  const bodyBytes = reader.uint32();
  reader.uint32();
  const end = fixedBytes + reader.uint32();
  const fields = fieldsOf(new Reader(bytes.subarray(0, end), isLittle));
  const text = (code: number) => fields.get(code) as string | undefined;
  const body = bytes.subarray(bytes.length - bodyBytes);
  return {
    type: bytes[1]!,
    path: text(1),
    interface: text(2),
    member: text(3),
    errorName: text(4),
    replySerial: fields.get(5) as number | undefined,
    sender: text(7),
    signature: text(8) ?? "",
    body: () => new Reader(body, isLittle),
  };
}

function fieldsOf(reader: Reader): Map<number, string | number> {
  for (let skipped = 0; skipped < fixedBytes; skipped++) reader.byte();
  const fields = new Map<number, string | number>();
  while (!reader.isAtEnd) {
    reader.align(8);
    const code = reader.byte();
    if (code === 0) throw new RangeError("expected a header field, got the invalid one");
    const type = fieldTypes[code];
    if (type === undefined) {
      // "Implementations must ignore fields they do not understand."
      reader.skip("v");
      continue;
    }
    reader.variant(type);
    fields.set(code, type === "u" ? reader.uint32() : type === "g" ? reader.signature() : reader.string());
  }
  return fields;
}

/** A reader behind the first four bytes, which are checked. */
function headOf(bytes: Uint8Array): Reader {
  const [order, type, , version] = bytes;
  if (order !== littleEndian && order !== bigEndian) throw new RangeError("expected a byte order");
  if (type === 0 || version !== majorVersion) throw new RangeError("expected a message of version 1");
  const reader = new Reader(bytes, order === littleEndian);
  for (let skipped = 0; skipped < 4; skipped++) reader.byte();
  return reader;
}

export interface MethodCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Its arguments: strings only. */
  args: readonly string[];
}

/** The bytes of a method call. */
export function methodCall(serial: number, call: MethodCall): Uint8Array {
  const body: number[] = [];
  for (const arg of call.args) writeString(body, arg);
  const fields: number[] = [];
  const field = (code: number, type: string, text: string) => {
    pad(fields, 8);
    fields.push(code);
    writeSignature(fields, type);
    if (type === "g") writeSignature(fields, text);
    else writeString(fields, text);
  };
  field(1, "o", call.path);
  field(2, "s", call.interface);
  field(3, "s", call.member);
  field(6, "s", call.destination);
  if (call.args.length > 0) field(8, "g", "s".repeat(call.args.length));
  const head = [littleEndian, messageTypes.methodCall, 0, majorVersion];
  for (const number of [body.length, serial, fields.length]) writeUint32(head, number);
  head.push(...fields);
  pad(head, 8);
  return Uint8Array.from([...head, ...body]);
}

function writeUint32(to: number[], value: number): void {
  pad(to, 4);
  to.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
}

function writeString(to: number[], text: string): void {
  const bytes = Buffer.from(text);
  writeUint32(to, bytes.length);
  to.push(...bytes, 0);
}

function writeSignature(to: number[], text: string): void {
  to.push(text.length, ...Buffer.from(text), 0);
}

function pad(to: number[], bytes: number): void {
  while (to.length % bytes !== 0) to.push(0);
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}
