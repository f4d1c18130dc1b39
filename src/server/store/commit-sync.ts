/**
 * Group commit: transactions commit to the write-ahead log without a file sync of their own (`synchronous = NORMAL`),
 * and what acknowledges them waits for one sync that they share. The sync runs in a thread and holds up no request.
 */
import { close, closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { SyncFailedError } from "./failure.ts";

/** Writes the file's content to the disk. Rejects with the system's error. */
export type SyncFile = (path: string) => Promise<void>;

export class CommitSync {
  readonly #log: string;
  readonly #syncFile: SyncFile;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * `log` is the path of the write-ahead log, which must exist: it stays the same file while a connection is open, and
   * its name is synced here, once.
   */
  constructor(log: string, syncFile: SyncFile = syncToDisk) {
    this.#log = log;
    this.#syncFile = syncFile;
    const folder = openSync(dirname(log), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** Something was committed. */
  wrote(): void {
    this.#isDirty = true;
  }

  /** Resolves when everything that was committed before the call is on the disk. Throws SyncFailedError. */
  async settled(): Promise<void> {
    if (!this.#isDirty) return this.#running;
    // A sync that runs may have begun before the commit: the next one counts.
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  async #afterRunning(): Promise<void> {
    await this.#running?.catch(() => undefined);
    this.#next = undefined;
    this.#isDirty = false;
    const running = this.#sync();
    this.#running = running;
    return running;
  }

  async #sync(): Promise<void> {
    try {
      await this.#syncFile(this.#log);
    } catch (error) {
      // Nothing is known to be on the disk: whoever comes next must not be told so.
      this.#isDirty = true;
      throw new SyncFailedError(error);
    }
  }
}

const fdatasyncInThread = promisify(fdatasync);

async function syncToDisk(path: string): Promise<void> {
  const descriptor = openSync(path, "r");
  try {
    await fdatasyncInThread(descriptor);
  } finally {
    close(descriptor);
  }
}
