/** Reads file descriptors that the process was started with. */
import { closeSync, read, readSync } from "node:fs";

/**
 * The whole file from its beginning, as bytes; the descriptor is closed. Undefined if it cannot be read, or has `maxBytes`
 * or more.
 */
export function readWholeFile(descriptor: number, maxBytes: number): Uint8Array | undefined {
  const bytes = new Uint8Array(maxBytes);
  try {
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, bytes, size, maxBytes - size, size);
      if (count === 0) break;
      size += count;
      if (size === maxBytes) return undefined;
    }
    closeSync(descriptor);
    return bytes.slice(0, size);
  } catch {
    return undefined;
  }
}

/**
 * read(2) at the file's position: empty at the end; undefined if the descriptor does not block and has nothing yet. Rejects
 * with the system's error.
 */
export async function readNext(descriptor: number): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(65_536);
  return new Promise((resolve, reject) => {
    read(descriptor, buffer, 0, buffer.length, null, (error, count) => {
      if (error === null) resolve(buffer.subarray(0, count));
      else if (error.code === "EAGAIN") resolve(undefined);
      else reject(error);
    });
  });
}
