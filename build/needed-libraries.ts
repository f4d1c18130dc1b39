/**
 * The shared libraries that an ELF file asks the loader for (DT_NEEDED; System V ABI, chapter 5 "Dynamic Section").
 * node-hid's hidraw binding for glibc names libusb although it uses nothing of it; where libusb is not installed,
 * every use of a security key would fail for that.
 */
import { programHeaders, PT_DYNAMIC, PT_LOAD, viewOf } from "./elf.ts";

const DT_NULL = 0n;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DYNAMIC_ENTRY_BYTES = 16;

interface DynamicEntry {
  /** Where the entry stands in the file. */
  offset: number;
  tag: bigint;
  value: bigint;
}

/** The names of the libraries, in the file's order. Throws for anything but a little-endian 64-bit ELF file. */
export function neededLibraries(elf: Uint8Array): string[] {
  return needed(elf).map(({ name }) => name);
}

/** A copy of the file that does not ask for the library. */
export function withoutNeededLibrary(elf: Uint8Array, library: string): Uint8Array {
  const copy = elf.slice();
  const entry = needed(copy).find(({ name }) => name === library);
  if (entry === undefined) return copy;
  // The entries behind it move up by one; the last one, DT_NULL, stays where it was as well.
  const end = Math.max(...dynamicEntries(copy).map(({ offset }) => offset)) + DYNAMIC_ENTRY_BYTES;
  copy.copyWithin(entry.offset, entry.offset + DYNAMIC_ENTRY_BYTES, end);
  return copy;
}

function needed(elf: Uint8Array): { name: string; offset: number }[] {
  const entries = dynamicEntries(elf);
  const strings = entries.find(({ tag }) => tag === DT_STRTAB);
  if (strings === undefined) throw new Error("expected a dynamic string table");
  const table = fileOffset(elf, Number(strings.value));
  return entries
    .filter(({ tag }) => tag === DT_NEEDED)
    .map(({ value, offset }) => {
      const start = table + Number(value);
      return { name: new TextDecoder().decode(elf.subarray(start, elf.indexOf(0, start))), offset };
    });
}

/** The entries of the dynamic section, DT_NULL included. */
function dynamicEntries(elf: Uint8Array): DynamicEntry[] {
  const view = viewOf(elf);
  const dynamic = programHeaders(elf).find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) throw new Error("expected a dynamic section");
  const entries: DynamicEntry[] = [];
  for (let offset = dynamic.offset; offset < dynamic.offset + dynamic.size; offset += DYNAMIC_ENTRY_BYTES) {
    const tag = view.getBigUint64(offset, true);
    entries.push({ offset, tag, value: view.getBigUint64(offset + 8, true) });
    if (tag === DT_NULL) return entries;
  }
  throw new Error("expected the dynamic section to end with DT_NULL");
}

function fileOffset(elf: Uint8Array, address: number): number {
  const segment = programHeaders(elf).find(
    ({ type, address: start, size }) => type === PT_LOAD && address >= start && address < start + size,
  );
  if (segment === undefined) throw new Error(`expected address 0x${address.toString(16)} in a loaded segment`);
  return address - segment.address + segment.offset;
}
