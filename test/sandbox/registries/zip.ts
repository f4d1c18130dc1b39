/** ZIP archives as the registries read them (APPNOTE.TXT 4.3). */
import { inflateRawSync } from "node:zlib";
import { Refusal } from "./registry.ts";

/** The files of an archive, read when they are asked for. Throws a Refusal (400) for anything but an archive. */
export function readZip(bytes: Buffer): Map<string, () => Buffer> {
  const end = bytes.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  if (end < 0 || end + 22 > bytes.length) throw new Refusal(400, "the package is no ZIP archive");
  const entries = new Map<string, () => Buffer>();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50)
      throw new Refusal(400, "the archive's directory is malformed");
    const [method, size, nameLength, extra, comment, header] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ];
    entries.set(bytes.toString("utf8", at + 46, at + 46 + nameLength), () => {
      const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
      const data = bytes.subarray(start, start + size);
      return method === 8 ? inflateRawSync(data, { maxOutputLength: 1 << 24 }) : data;
    });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}
