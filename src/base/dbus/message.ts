/**
 * Messages of the D-Bus wire protocol (D-Bus Specification, "Message Protocol"), as far as a client needs them that
 * calls methods with strings and listens to signals. What comes is untrusted: lengths, padding and types are checked.
 */
import { Reader } from "./reader.ts";

const littleEndian = 0x6c;
const bigEndian = 0x42;
const majorVersion = 1;
/** The bytes before the header fields: four bytes, length of the body, serial, length of the fields. */
const fixedBytes = 16;

export const messageTypes = { methodCall: 1, methodReturn: 2, error: 3, signal: 4 } as const;

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
