/**
 * Group commit: transactions commit to the write-ahead log without a file sync of their own (`synchronous = NORMAL`),
 * and what acknowledges them waits for one sync that they share. The sync runs in a thread and holds up no request.
 */
import { close, closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { SyncFailedError } from "../failure.ts";

/** Writes the file's content to the disk. Rejects with the system's error. */
export type SyncFile = (path: string) => Promise<void>;

export class CommitSync {
  readonly #log: string;
  readonly #syncFile: SyncFile;
  readonly #rewrite: () => Promise<void>;
  /** A sync has failed since the log was last written anew. */
  #isLost = false;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * `log` is the path of the write-ahead log, which must exist: it stays the same file while a connection is open, and
   * its name is synced here, once. `rewrite` brings all that was committed to the disk by writing it again: after a
   * failed sync Linux holds the lost pages for written, and the next sync of the same file succeeds without them.
   */
  constructor(log: string, rewrite: () => Promise<void>, syncFile: SyncFile = syncToDisk) {
    this.#log = log;
    this.#rewrite = rewrite;
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
      if (this.#isLost) await this.#rewrite();
      else await this.#syncFile(this.#log);
      this.#isLost = false;
    } catch (error) {
      this.#isLost = true;
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
