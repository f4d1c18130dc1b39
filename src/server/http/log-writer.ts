/**
 * Non-blocking log writer for a file descriptor that may be slow, full or closed: requests never wait for its reader.
 */
import { count } from "../../base/words/count.ts";
import { closeSync, constants, fstatSync, openSync, type Stats, write, writeSync } from "node:fs";
import { printableJson } from "../../base/words/printable.ts";

/** Queue limit, in lines; beyond it, new lines are dropped and counted. */
const maxWaiting = 1000;
/** Line limit with the newline. Up to PIPE_BUF, a write to a pipe is atomic (POSIX, write). */
const maxLineBytes = 4096;
const retryMs = 100;

export class LogWriter {
  readonly #descriptor: number;
  /** Whether writes return at once (a descriptor opened with O_NONBLOCK, or a file); others go to the thread pool. */
  readonly #immediate: boolean;
  readonly #owned: boolean;
  readonly #waiting: Uint8Array[] = [];
  /** Whether the oldest line is the rest of one that was written in part: it is never dropped. */
  #isTorn = false;
  #dropped = 0;
  #busy = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  /** Uses the descriptor without closing it. */
  constructor(descriptor: number) {
    const opened = openNonBlocking(descriptor);
    this.#owned = opened !== undefined && opened !== descriptor;
    this.#descriptor = opened ?? descriptor;
    this.#immediate = opened !== undefined;
  }

  /** Queues one entry as a line of JSON. Never blocks, never throws. */
  write(entry: object): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= maxWaiting) this.#dropped += 1;
    else this.#waiting.push(toLine(entry));
    this.#drain();
  }

  /**
   * Resolves when the queue is written, or after `limitMs` milliseconds; nothing is written afterwards, for the descriptor
   * may be another file's by then.
   */
  async close(limitMs: number): Promise<void> {
    const drained = Promise.withResolvers<void>();
    this.#idle.push(drained.resolve);
    const timer = setTimeout(drained.resolve, limitMs);
    this.#drain();
    await drained.promise;
    clearTimeout(timer);
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#owned) closeSync(this.#descriptor);
  }

  #drain(): void {
    while (!this.#busy && !this.#isClosed) {
      const line = this.#next();
      if (line === undefined) {
        for (const resolve of this.#idle.splice(0)) resolve();
        return;
      }
      if (this.#immediate) this.#writeNow(line);
      else this.#writeLater(line);
    }
  }

  /** The next line to write: the count of dropped lines once the queue has room again, else the oldest queued line. */
  #next(): Uint8Array | undefined {
    if (this.#dropped > 0 && !this.#isTorn && this.#waiting.length < maxWaiting) {
      const detail = `${count(this.#dropped, "line")} of log had to be dropped: nothing read them, or there was no room.`;
      this.#waiting.push(toLine({ time: new Date().toISOString(), event: "log_dropped", detail }));
      this.#dropped = 0;
    }
    return this.#waiting[0];
  }

  #writeNow(line: Uint8Array): void {
    try {
      this.#wrote(line, writeSync(this.#descriptor, line));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.#dropWaiting();
      this.#retryLater();
    }
  }

  #writeLater(line: Uint8Array): void {
    this.#busy = true;
    write(this.#descriptor, line, (error, bytes) => {
      this.#busy = false;
      if (error) {
        this.#dropWaiting();
        this.#retryLater();
      } else {
        this.#wrote(line, bytes);
        this.#drain();
      }
    });
  }

  /** A disk or pipe with less room than the line takes a part of it. */
  #wrote(line: Uint8Array, bytes: number): void {
    if (bytes === 0) {
      this.#retryLater();
      return;
    }
    this.#isTorn = bytes < line.byteLength;
    if (this.#isTorn) this.#waiting[0] = line.subarray(bytes);
    else this.#waiting.shift();
  }

  /** After a failed write (disk full, reader gone), drops and counts all whole lines of the queue. */
  #dropWaiting(): void {
    const kept = this.#isTorn ? 1 : 0;
    this.#dropped += this.#waiting.length - kept;
    this.#waiting.length = kept;
  }

  #retryLater(): void {
    this.#busy = true;
    this.#retry = setTimeout(() => {
      this.#busy = false;
      if (this.#waiting.length > 0 || this.#idle.length > 0) this.#drain();
    }, retryMs).unref();
  }
}

function toLine(entry: object): Uint8Array {
  const line = Buffer.from(`${printableJson(entry)}\n`);
  if (line.byteLength <= maxLineBytes) return line;
  const short = Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, 100) : value,
  ]);
  return Buffer.from(`${printableJson(Object.fromEntries(short))}\n`);
}

/**
 * Returns a non-blocking descriptor. O_NONBLOCK belongs to the open file description, which other processes share, so a
 * pipe or terminal is reopened (Linux, /proc). Undefined if that is impossible, as for sockets.
 */
function openNonBlocking(descriptor: number): number | undefined {
  let stats: Stats;
  try {
    stats = fstatSync(descriptor);
  } catch {
    return undefined;
  }
  if (stats.isFile()) return descriptor;
  if (process.platform !== "linux" || !(stats.isFIFO() || stats.isCharacterDevice())) return undefined;
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}
