/** The write(2) behind everything that is printed for people with the runtime's means; helpers have their own. */
import { readFileSync, writeSync } from "node:fs";
import { VouchError } from "./errors.ts";

/** How often, and how long in milliseconds, a full pipe that does not block is waited for: 10 seconds in all. */
const maxWaits = 1000;
const waitMs = 10;

/** Writes the whole text to the descriptor, as UTF-8. Throws `output_failed`; its cause is the system's error. */
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

/**
 * Whether the descriptor was closed when this process began: the runtime has then opened /dev/null in its place, with
 * O_CLOEXEC (02000000), which nothing inherited has. Linux says so; elsewhere nothing is known.
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
