/**
 * Writes the record into files, if the user wants them: in batches, off the path of the answers. A write that fails (full
 * disk) or hangs (network file system) costs neither an answer nor the agent: what waits for it is bounded, and what had
 * to be dropped is counted.
 */
import { appendPrivately } from "../process/private-file.ts";
import { keptFiles, type KeptLine, type KeptList, maxKeptBytes } from "./kept-line.ts";
import type { RecordEntry } from "./entry.ts";

/** How long an entry waits, and one that is in the file already and has grown, in milliseconds. */
const newMs = 1_000;
const grownMs = 60_000;
/** How many entries wait for each file. */
const maxWaiting = 1_000;

/** What the record holds of an entry, which grows while it waits. */
export interface Growing {
  entry(): RecordEntry;
}

export interface KeeperState {
  folder: string;
  /** Why the last write failed, as the end of a sentence. */
  failure?: string;
  /** How many entries were dropped, because too many waited for a write, and no file says so yet. */
  lost: number;
}

export class Keeper {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #waiting = { asked: new Set<Growing>(), refused: new Set<Growing>() };
  readonly #lost = { asked: 0, refused: 0 };
  readonly #written = new WeakSet<Growing>();
  readonly #failures: { [List in KeptList]?: string } = {};
  #timers: { new?: NodeJS.Timeout; grown?: NodeJS.Timeout } = {};
  #writing: Promise<void> | undefined;
  #isMore = false;

  /** `folder` is absolute; it is made when there is something to write. `maxBytes` limits each file. */
  constructor(folder: string, maxBytes = maxKeptBytes) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  get state(): KeeperState {
    const failure = this.#failures.asked ?? this.#failures.refused;
    const lost = this.#lost.asked + this.#lost.refused;
    return { folder: this.#folder, lost, ...(failure === undefined ? {} : { failure }) };
  }

  /** Has the entry written soon, as it is then. */
  note(list: KeptList, growing: Growing): void {
    this.#wait(list, growing);
    const which = this.#written.has(growing) ? "grown" : "new";
    this.#timers[which] ??= setTimeout(() => void this.flush(), which === "new" ? newMs : grownMs).unref();
  }

  /** Writes all that waits; resolves when it is written, or has failed. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timers.new);
    clearTimeout(this.#timers.grown);
    this.#timers = {};
    this.#isMore = true;
    return (this.#writing ??= this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    while (this.#isMore) {
      this.#isMore = false;
      await this.#write("asked");
      await this.#write("refused");
    }
    this.#writing = undefined;
  }

  async #write(list: KeptList): Promise<void> {
    const batch = [...this.#waiting[list]];
    if (batch.length === 0) return;
    this.#waiting[list].clear();
    const lost = this.#lost[list];
    const lines: KeptLine[] = batch.map((growing) => ({ v: 1, ...growing.entry() }));
    if (lost > 0) lines.unshift({ v: 1, time: Math.floor(Date.now() / 1000), lost });
    try {
      const texts = lines.map((line) => JSON.stringify(line));
      await appendPrivately(`${this.#folder}/${keptFiles[list]}`, texts, this.#maxBytes);
      for (const growing of batch) this.#written.add(growing);
      this.#lost[list] -= lost;
      delete this.#failures[list];
    } catch (error) {
      this.#failures[list] = (error as Error).message;
      for (const growing of batch) this.#wait(list, growing);
      this.#timers.grown ??= setTimeout(() => void this.flush(), grownMs).unref();
    }
  }

  #wait(list: KeptList, growing: Growing): void {
    const waiting = this.#waiting[list];
    waiting.add(growing);
    if (waiting.size <= maxWaiting) return;
    waiting.delete(waiting.values().next().value!);
    this.#lost[list]++;
  }
}
