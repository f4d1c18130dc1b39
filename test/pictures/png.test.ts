/** PNG files with a palette, decoded again by the rules of the specification. */
import { expect, test } from "bun:test";
import { inflateSync } from "node:zlib";
import { encodePng } from "./png.ts";

/** The data of each chunk, by its type. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return chunks;
}

test("a picture of few colours keeps each of them", () => {
  const colours = [0xffffff, 0x0f766e, 0x000000, 0xffffff, 0xb3261e, 0xffffff];
  const rgba = Uint8Array.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255, 255]));
  const chunks = chunksOf(encodePng({ width: 3, height: 2, rgba }));
  expect([...chunks.keys()]).toEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
  const palette = chunks.get("PLTE")!;
  const rows = inflateSync(chunks.get("IDAT")!);
  const shown = [...rows].filter((_, index) => index % 4 !== 0).map((place) => palette.readUIntBE(place * 3, 3));
  expect(shown).toEqual(colours);
});

test("of more than 256 colours the rarer ones become the nearest of the others", () => {
  const width = 600;
  // 300 greys that differ in red alone: the first 256 stand twice.
  const rgba = new Uint8Array(width * 4);
  for (let x = 0; x < width; x++) rgba.set(x < 512 ? [x % 256, 0, 0, 255] : [x % 256, 1, 0, 255], x * 4);
  const chunks = chunksOf(encodePng({ width, height: 1, rgba }));
  const palette = chunks.get("PLTE")!;
  expect(palette).toHaveLength(256 * 3);
  const rows = inflateSync(chunks.get("IDAT")!);
  expect(palette.readUIntBE(rows[1 + 520]! * 3, 3)).toBe(8 << 16);
});
