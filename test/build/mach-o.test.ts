import { expect, test } from "bun:test";
import { isSigned, withoutSignature } from "../../build/mach-o.ts";

/** A command with 32-bit words after its number and its length, padded to `size` bytes. */
function command(number: number, size: number, words: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, size, true);
  words(view);
  return bytes;
}

function segment(name: string, start: number, length: number): Uint8Array {
  const bytes = command(0x19, 72, (view) => {
    view.setBigUint64(40, BigInt(start), true);
    view.setBigUint64(48, BigInt(length), true);
  });
  bytes.set(new TextEncoder().encode(name), 8);
  return bytes;
}

const signature = (start: number, length: number) =>
  command(0x1d, 16, (view) => {
    view.setUint32(8, start, true);
    view.setUint32(12, length, true);
  });
const uuid = command(0x1b, 24, (view) => view.setUint32(8, 0x01020304, true));

/** A file with these commands, 512 bytes of them at most, `body` and then `end`. */
function machO(commands: Uint8Array[], body: Uint8Array, end: Uint8Array): Uint8Array {
  const file = new Uint8Array(512 + body.length + end.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xfeedfacf, true);
  view.setUint32(16, commands.length, true);
  view.setUint32(
    20,
    commands.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  let offset = 32;
  for (const each of commands) {
    file.set(each, offset);
    offset += each.length;
  }
  file.set(body, 512);
  file.set(end, 512 + body.length);
  return file;
}

const body = new Uint8Array(128).fill(5);
const blob = new Uint8Array(64).fill(9);
const none = new Uint8Array(0);
const text = segment("__TEXT", 0, 512);
const signed = machO([text, segment("__LINKEDIT", 512, 192), signature(640, 64), uuid], body, blob);

test("what is left of a Mach-O file is the file as it would be without a signature", () => {
  expect(isSigned(signed)).toBe(true);
  const stripped = withoutSignature(signed);
  expect(isSigned(stripped)).toBe(false);
  expect(stripped).toEqual(machO([text, segment("__LINKEDIT", 512, 128), uuid], body, none));
});

test("a Mach-O file without a signature stays as it is", () => {
  const file = machO([text, segment("__LINKEDIT", 512, 128)], body, none);
  expect(withoutSignature(file)).toEqual(file);
});

test("a signature that does not end the file is refused", () => {
  const file = machO([segment("__LINKEDIT", 512, 192), signature(512, 64)], blob, body);
  expect(() => withoutSignature(file)).toThrow("expected the signature to end __LINKEDIT and the file");
});

test.each([
  ["nothing", none],
  ["an ELF file", new Uint8Array(64).fill(0x7f)],
])("%s is refused as no Mach-O file", (_, file) => {
  expect(() => isSigned(file)).toThrow("expected a little-endian 64-bit Mach-O file");
});
