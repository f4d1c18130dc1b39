/**
 * Writes the record into files, if the user wants them: what changes something or can publish at once, before its answer
 * goes out, so that an agent that is killed has lost none; the rest in batches, off the path of the answers. A write that
 * fails (full disk) costs no answer: what waits for it is bounded, and what had to be dropped is counted.
 */
import { appendNow } from "../process/private-append-now.ts";
import { appendPrivately, whyUnwritten } from "../process/private-file.ts";
import { keptFiles, type KeptLine, type KeptList, keptLists, maxKeptBytes } from "./kept-line.ts";
import type { RecordEntry } from "./entry.ts";

/** How long an entry waits, and one that is in the file already and has grown, in milliseconds. */
const newMs = 1_000;
const grownMs = 60_000;
/** How many entries wait for each file. */
const maxWaiting = 1_000;
/** Lists whose news is written at once. They are written in no other way, so that no rotation meets another. */
const prompt: ReadonlySet<KeptList> = new Set(["changed", "published"]);

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
  readonly #waiting = forEach(() => new Set<Growing>());
  readonly #lost = forEach(() => 0);
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
    const [failure] = keptLists.flatMap((list) => this.#failures[list] ?? []);
    const lost = keptLists.reduce((sum, list) => sum + this.#lost[list], 0);
    return { folder: this.#folder, lost, ...(failure === undefined ? {} : { failure }) };
  }

  /** Has the entry written: news of some lists now, else soon, as it is then. Never throws. */
  note(list: KeptList, growing: Growing, isNews = !this.#written.has(growing)): void {
    this.#wait(list, growing);
    if (isNews && prompt.has(list)) return this.#writeNow(list);
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
      for (const list of keptLists) {
        if (prompt.has(list)) this.#writeNow(list);
        else await this.#write(list);
      }
    }
    this.#writing = undefined;
  }

  async #write(list: KeptList): Promise<void> {
    const batch = this.#take(list);
    if (batch === undefined) return;
    try {
      await appendPrivately(batch.path, batch.lines, this.#maxBytes, goneLine);
      this.#succeed(list, batch);
    } catch (error) {
      this.#fail(list, batch, error);
    }
  }

  #writeNow(list: KeptList): void {
    const batch = this.#take(list);
    if (batch === undefined) return;
    try {
      appendNow(batch.path, batch.lines, this.#maxBytes, goneLine);
      this.#succeed(list, batch);
    } catch (error) {
      this.#fail(list, batch, error);
    }
  }

  /** What waits, which then waits no longer. */
  #take(list: KeptList): Batch | undefined {
    const entries = [...this.#waiting[list]];
    if (entries.length === 0) return undefined;
    this.#waiting[list].clear();
    const lost = this.#lost[list];
    const lines: KeptLine[] = entries.map((growing) => ({ v: 1, ...growing.entry() }));
    if (lost > 0) lines.unshift({ v: 1, time: Math.floor(Date.now() / 1000), lost });
    return {
      path: `${this.#folder}/${keptFiles[list]}`,
      lines: lines.map((line) => JSON.stringify(line)),
      entries,
      lost,
    };
  }

  #succeed(list: KeptList, { entries, lost }: Batch): void {
    for (const growing of entries) this.#written.add(growing);
    this.#lost[list] -= lost;
    delete this.#failures[list];
  }

  #fail(list: KeptList, { entries }: Batch, error: unknown): void {
    this.#failures[list] = whyUnwritten(error);
    for (const growing of entries) this.#wait(list, growing);
    this.#timers.grown ??= setTimeout(() => void this.flush(), grownMs).unref();
  }

  #wait(list: KeptList, growing: Growing): void {
    const waiting = this.#waiting[list];
    waiting.add(growing);
    if (waiting.size <= maxWaiting) return;
    waiting.delete(waiting.values().next().value!);
    this.#lost[list]++;
  }
}

interface Batch {
  path: string;
  lines: string[];
  entries: Growing[];
  /** How many entries were lost before them, as the first line says. */
  lost: number;
}

/** The first line of a file whose rotation has removed a predecessor that ended then. */
function goneLine(gone: number): string {
  return JSON.stringify({ v: 1, gone } satisfies KeptLine);
}

function forEach<Value>(value: () => Value): { [List in KeptList]: Value } {
  return { changed: value(), published: value(), asked: value(), refused: value(), guests: value() };
}
