/**
 * Code signatures of executables for macOS (Mach-O, <mach-o/loader.h>). Bun signs what it compiles for arm64 anew; what
 * it compiles for x64 keeps the signature of Bun itself, which no longer fits and says that the system must end a
 * program whose pages do not fit. Without one it may run: only arm64 demands a signature.
 */

const MH_MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const headerBytes = 32;

interface LoadCommand {
  /** Where it stands in the file. */
  offset: number;
  command: number;
  size: number;
}

/** Whether the file has a code signature. Throws for anything but a little-endian 64-bit Mach-O file. */
export function isSigned(file: Uint8Array): boolean {
  return loadCommands(file).some(({ command }) => command === LC_CODE_SIGNATURE);
}

/** A copy of the file without its code signature, which must stand at its end. A file without one is copied as it is. */
export function withoutSignature(file: Uint8Array): Uint8Array {
  const commands = loadCommands(file);
  const signature = commands.find(({ command }) => command === LC_CODE_SIGNATURE);
  if (signature === undefined) return file.slice();
  const linkEdit = commands.find(
    ({ command, offset }) => command === LC_SEGMENT_64 && segmentName(file, offset) === "__LINKEDIT",
  );
  if (linkEdit === undefined) throw new Error("expected a segment __LINKEDIT");

  const source = viewOf(file);
  const start = source.getUint32(signature.offset + 8, true);
  const length = source.getUint32(signature.offset + 12, true);
  const segmentStart = Number(source.getBigUint64(linkEdit.offset + 40, true));
  const segmentLength = Number(source.getBigUint64(linkEdit.offset + 48, true));
  if (start + length !== file.length || segmentStart + segmentLength !== file.length) {
    throw new Error("expected the signature to end __LINKEDIT and the file");
  }

  const copy = file.slice(0, start);
  const view = viewOf(copy);
  view.setBigUint64(linkEdit.offset + 48, BigInt(start - segmentStart), true);
  // The commands behind it move up; what they leave becomes zeros.
  const size = view.getUint32(20, true);
  copy.copyWithin(signature.offset, signature.offset + signature.size, headerBytes + size);
  copy.fill(0, headerBytes + size - signature.size, headerBytes + size);
  view.setUint32(16, commands.length - 1, true);
  view.setUint32(20, size - signature.size, true);
  return copy;
}

function loadCommands(file: Uint8Array): LoadCommand[] {
  const view = viewOf(file);
  if (file.length < headerBytes || view.getUint32(0, true) !== MH_MAGIC_64) {
    throw new Error("expected a little-endian 64-bit Mach-O file");
  }
  const commands: LoadCommand[] = [];
  let offset = headerBytes;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    const [command, size] = [view.getUint32(offset, true), view.getUint32(offset + 4, true)];
    if (size < 8) throw new Error(`expected a load command of 8 bytes at least, got ${size}`);
    commands.push({ offset, command, size });
    offset += size;
  }
  return commands;
}

function segmentName(file: Uint8Array, offset: number): string {
  const name = new TextDecoder().decode(file.subarray(offset + 8, offset + 24));
  return name.slice(0, name.indexOf("\0"));
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
