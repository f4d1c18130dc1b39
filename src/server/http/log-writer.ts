/** Lines of log to a file descriptor that may be slow, full or closed: requests never wait for whoever reads them. */
import { closeSync, constants, fstatSync, openSync, type Stats, write, writeSync } from "node:fs";
import { printableJson } from "../../base/printable.ts";

/** Lines that wait while the reader is slow; beyond these, new ones are dropped and counted. */
const maxWaiting = 1000;
/** Below PIPE_BUF, the pipe takes a line whole or not at all (POSIX, write). Bytes, with the newline. */
const maxLineBytes = 4096;
const retryMs = 100;

export class LogWriter {
  readonly #descriptor: number;
  /** Whether a write returns at once: on a pipe of our own making, or a file. Otherwise the thread pool waits for it. */
  readonly #immediate: boolean;
  readonly #owned: boolean;
  readonly #waiting: string[] = [];
  #dropped = 0;
  #busy = false;
  #idle: (() => void)[] = [];

  /** Takes over the descriptor; it stays open. */
  constructor(descriptor: number) {
    const opened = openNonBlocking(descriptor);
    this.#owned = opened !== undefined && opened !== descriptor;
    this.#descriptor = opened ?? descriptor;
    this.#immediate = opened !== undefined;
  }

  /** Queues one entry as a line of JSON. Never waits, never throws. */
  write(entry: object): void {
    if (this.#waiting.length >= maxWaiting) this.#dropped += 1;
    else this.#waiting.push(toLine(entry));
    this.#drain();
  }

  /** Resolves when every line is written, after `limitMs` milliseconds at the latest. */
  async close(limitMs: number): Promise<void> {
    const drained = Promise.withResolvers<void>();
    this.#idle.push(drained.resolve);
    const timer = setTimeout(drained.resolve, limitMs);
    this.#drain();
    await drained.promise;
    clearTimeout(timer);
    if (this.#owned) closeSync(this.#descriptor);
  }

  #drain(): void {
    while (!this.#busy) {
      const line = this.#next();
      if (line === undefined) {
        for (const resolve of this.#idle.splice(0)) resolve();
        return;
      }
      if (this.#immediate) this.#writeNow(line);
      else this.#writeLater(line);
    }
  }

  /** The line to write next: how many were dropped, once there is room again; else the oldest that waits. */
  #next(): string | undefined {
    if (this.#dropped > 0 && this.#waiting.length < maxWaiting) {
      const detail = `${this.#dropped} lines of log were dropped: nothing read them, or there was no room.`;
      this.#waiting.push(toLine({ time: new Date().toISOString(), event: "log_dropped", detail }));
      this.#dropped = 0;
    }
    return this.#waiting[0];
  }

  #writeNow(line: string): void {
    try {
      writeSync(this.#descriptor, line);
      this.#waiting.shift();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.#dropWaiting();
      this.#retryLater();
    }
  }

  #writeLater(line: string): void {
    this.#busy = true;
    write(this.#descriptor, line, (error) => {
      this.#busy = false;
      if (error) {
        this.#dropWaiting();
        this.#retryLater();
      } else {
        this.#waiting.shift();
        this.#drain();
      }
    });
  }

  /** After a failed write (disk full, reader gone) nothing that waits has a place to go. */
  #dropWaiting(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting.length = 0;
  }

  #retryLater(): void {
    this.#busy = true;
    setTimeout(() => {
      this.#busy = false;
      if (this.#waiting.length > 0 || this.#idle.length > 0) this.#drain();
    }, retryMs).unref();
  }
}

function toLine(entry: object): string {
  const line = `${printableJson(entry)}\n`;
  if (Buffer.byteLength(line) <= maxLineBytes) return line;
  const short = Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, 100) : value,
  ]);
  return `${printableJson(Object.fromEntries(short))}\n`;
}

/**
 * A descriptor on which a write returns at once. O_NONBLOCK belongs to the open file, which other processes share, so a
 * pipe or terminal is opened anew (Linux, /proc). Undefined where that is not possible, as for sockets.
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
