/**
 * Reads the metadata of a wheel in a project: it can name a URL of a registry's host, which pip, uv and poetry fetch. Of
 * ZIP only what tools that build wheels write; readers disagree on anything else, so that counts as unreadable.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";

const maxDirectory = 16 << 20;
const maxMetadata = 4 << 20;
/** Maximum number of metadata files in one wheel; one is usual. */
const maxFiles = 8;

/** Sizes and signatures of APPNOTE.TXT 4.3. */
const endSize = 22;
const locatorSize = 20;
const entrySize = 46;
const headerSize = 30;
const signature = { end: 0x06054b50, locator: 0x07064b50, entry: 0x02014b50, header: 0x04034b50 };
/** An extra field with another name for the file, which some readers prefer. */
const unicodePath = 0x7075;

interface Entry {
  method: number;
  size: number;
  offset: number;
}

/** The text of every `METADATA` in the wheel. Throws an Error whose message says why it cannot be read. */
export function metadataOf(path: string): string {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size, isFile } = { size: fstatSync(fd).size, isFile: fstatSync(fd).isFile() };
    if (!isFile) throw new Error("it is not a regular file");
    return entriesOf(fd, size)
      .map((entry) => contentOf(fd, entry))
      .join("\n");
  } finally {
    closeSync(fd);
  }
}

function entriesOf(fd: number, size: number): Entry[] {
  const end = bytesAt(fd, size - endSize, endSize);
  const [length, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  const isPlain = end.readUInt32LE(0) === signature.end && end.readUInt16LE(20) === 0 && end.readUInt32LE(4) === 0;
  if (!isPlain || offset + length !== size - endSize || length > maxDirectory) throw unusual();
  const directory = bytesAt(fd, offset, length);
  // A reader that finds this takes another directory.
  if (length >= locatorSize && directory.readUInt32LE(length - locatorSize) === signature.locator) throw unusual();
  const entries: Entry[] = [];
  let at = 0;
  while (at < length) {
    if (at + entrySize > length || directory.readUInt32LE(at) !== signature.entry) throw unusual();
    const nameEnd = at + entrySize + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const name = directory.toString("latin1", at + entrySize, nameEnd);
    if (/[\0\\]/.test(name) || hasOtherName(directory.subarray(nameEnd, extraEnd))) throw unusual();
    if (/(^|\/)METADATA$/i.test(name)) {
      const isEncrypted = (directory.readUInt16LE(at + 8) & 1) === 1;
      const entry = {
        method: directory.readUInt16LE(at + 10),
        size: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      };
      if (isEncrypted || entry.size > maxMetadata || entries.push(entry) > maxFiles) throw unusual();
    }
    at = extraEnd + directory.readUInt16LE(at + 32);
  }
  if (entries.length === 0) throw new Error("it has no METADATA");
  return entries;
}

function hasOtherName(extra: Buffer): boolean {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === unicodePath) return true;
  }
  return false;
}

function contentOf(fd: number, { method, size, offset }: Entry): string {
  const header = bytesAt(fd, offset, headerSize);
  if (header.readUInt32LE(0) !== signature.header) throw unusual();
  const bytes = bytesAt(fd, offset + headerSize + header.readUInt16LE(26) + header.readUInt16LE(28), size);
  if (method === 0) return bytes.toString("utf8");
  if (method !== 8) throw unusual();
  return inflateRawSync(bytes, { maxOutputLength: maxMetadata }).toString("utf8");
}

function bytesAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (position < 0 || readSync(fd, bytes, 0, length, position) !== length) throw unusual();
  return bytes;
}

function unusual(): Error {
  return new Error("it is no usual wheel");
}
