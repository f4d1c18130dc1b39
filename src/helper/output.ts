/** Synchronous reading and writing for helpers: the stream objects of the runtime cost more than a whole helper may. */
import { readSync, writeSync } from "node:fs";
import { VouchError } from "../errors.ts";

/** Writes the whole text to a file descriptor (1: stdout, 2: stderr), also when it is a full non-blocking pipe. */
export function write(fd: 1 | 2, text: string): void {
  let bytes = Buffer.from(text, "utf8");
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      pause();
    }
  }
}

/** Writes an error for a person to stderr: the message, then the next command, on one line. */
export function complain(error: VouchError): void {
  write(2, `vouch: ${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}\n`);
}

/** Ends a helper that failed: the error to stderr, its exit code to the parent. */
export function exitWith(error: unknown): never {
  const failed = VouchError.from(error);
  complain(failed);
  process.exit(failed.exitCode);
}

/** Reads lines from stdin until it ends; a line of more than `maxBytes` bytes throws `protocol_error`. */
export function* stdinLines(maxBytes: number): Generator<string> {
  const buffer = Buffer.allocUnsafe(16_384);
  let pending = Buffer.alloc(0);
  for (;;) {
    const count = readSome(buffer);
    if (count === 0) break;
    pending = Buffer.concat([pending, buffer.subarray(0, count)]);
    for (let end = pending.indexOf(10); end >= 0; end = pending.indexOf(10)) {
      yield pending.toString("utf8", 0, end);
      pending = pending.subarray(end + 1);
    }
    if (pending.length > maxBytes) throw new VouchError("protocol_error", `A line on stdin exceeds ${maxBytes} bytes.`);
  }
  if (pending.length > 0) yield pending.toString("utf8");
}

function readSome(buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(0, buffer);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      pause();
    }
  }
}

/** Gives the other end of a non-blocking pipe a moment. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
