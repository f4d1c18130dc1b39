/** Complete writes to a file descriptor, for all output through the runtime; helpers have their own. */
import { readFileSync, writeSync } from "node:fs";
import { VouchError } from "../errors.ts";

/** Retries, and delay in milliseconds, for a full non-blocking pipe: 10 seconds in all. */
const maxWaits = 1000;
const waitMs = 10;

/** Writes the whole text to the file descriptor, as UTF-8. Throws `output_failed` with the system's error as cause. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let waits = 0;
  for (let offset = 0; offset < bytes.length;) {
    try {
      if (wasClosed(fd)) throw Object.assign(new Error("it was closed"), { code: "EBADF" });
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" || ++waits > maxWaits) {
        throw new VouchError("output_failed", `The output cannot be written (${code}).`, {
          hint: "Check where it goes: a disk may be full, or a reader gone.",
          cause: error,
        });
      }
      Bun.sleepSync(waitMs);
    }
  }
}

const stdout = 1;
let isReaderGone = false;

/**
 * Writes the whole text to stdout. A reader that has gone is no error, as with other commands (`vouch log | head -1`): the
 * text is dropped, and all that follows. Throws `output_failed`.
 */
export function writeResult(text: string): void {
  if (isReaderGone) return;
  try {
    writeAll(stdout, text);
  } catch (error) {
    isReaderGone = ((error as VouchError).cause as NodeJS.ErrnoException).code === "EPIPE";
    if (!isReaderGone) throw error;
  }
}

/**
 * Whether the file descriptor was closed at process start: the runtime then opens /dev/null in its place with O_CLOEXEC
 * (02000000), which inherited descriptors lack. Detectable on Linux only; false elsewhere.
 */
function wasClosed(fd: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const [, flags = "0"] = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
    return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
  } catch {
    return false;
  }
}
