/** ELF files, little-endian and 64-bit (System V ABI, chapters 4 and 5): their head and their program headers. */

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export interface ProgramHeader {
  /** Where the header stands in the file. */
  place: number;
  type: number;
  flags: number;
  offset: number;
  address: number;
  /** The size in the file, and in memory, in bytes. */
  size: number;
  memorySize: number;
}

/** The file's program headers, in its order. Throws for anything but a little-endian 64-bit ELF file. */
export function programHeaders(elf: Uint8Array): ProgramHeader[] {
  const view = viewOf(elf);
  const table = Number(view.getBigUint64(32, true));
  const entryBytes = view.getUint16(54, true);
  return Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const place = table + index * entryBytes;
    return {
      place,
      type: view.getUint32(place, true),
      flags: view.getUint32(place + 4, true),
      offset: Number(view.getBigUint64(place + 8, true)),
      address: Number(view.getBigUint64(place + 16, true)),
      size: Number(view.getBigUint64(place + 32, true)),
      memorySize: Number(view.getBigUint64(place + 40, true)),
    };
  });
}

/** Writes the header to its place; physical address and alignment are those of a loaded segment. */
export function writeProgramHeader(elf: Uint8Array, header: ProgramHeader, alignment: number): void {
  const view = viewOf(elf);
  const { place } = header;
  view.setUint32(place, header.type, true);
  view.setUint32(place + 4, header.flags, true);
  view.setBigUint64(place + 8, BigInt(header.offset), true);
  view.setBigUint64(place + 16, BigInt(header.address), true);
  view.setBigUint64(place + 24, BigInt(header.address), true);
  view.setBigUint64(place + 32, BigInt(header.size), true);
  view.setBigUint64(place + 40, BigInt(header.memorySize), true);
  view.setBigUint64(place + 48, BigInt(alignment), true);
}

/** Where the program is entered: `e_entry`. */
export function entryOf(elf: Uint8Array): number {
  return Number(viewOf(elf).getBigUint64(24, true));
}

/** Sets where the program is entered. */
export function setEntry(elf: Uint8Array, address: number): void {
  viewOf(elf).setBigUint64(24, BigInt(address), true);
}

/** The machine that the file is for: `e_machine`. */
export function machineOf(elf: Uint8Array): number {
  return viewOf(elf).getUint16(18, true);
}

/** Whether the file is loaded at the addresses that it names: `e_type` is ET_EXEC. */
export function hasFixedAddress(elf: Uint8Array): boolean {
  return viewOf(elf).getUint16(16, true) === 2;
}

/** The file's numbers. Throws for anything but a little-endian 64-bit ELF file. */
export function viewOf(elf: Uint8Array): DataView {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const [class64, littleEndian] = [2, 1];
  if (elf.length < 64 || view.getUint32(0) !== 0x7f454c46 || elf[4] !== class64 || elf[5] !== littleEndian) {
    throw new Error("expected a little-endian 64-bit ELF file");
  }
  return view;
}
