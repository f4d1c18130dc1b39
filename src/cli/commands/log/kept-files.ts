/**
 * The record's files as `vouch log` reads them: what is new since the last look. Lines that are none of the agent's form
 * are counted and passed over; another program of the user can write some that are.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import { keptFiles, KeptLine, maxKeptBytes } from "../../../agent/record/kept-line.ts";
import { parseJson } from "../../../base/json.ts";
import { whyUnreadable } from "../../../base/system/regular-file.ts";
import type { RecordEntry } from "../../../agent/wire/reply-parts.ts";

/** Of a larger file the end is read. */
const maxFileBytes = 2 * maxKeptBytes;
/** The longest line, in bytes; the agent writes none of this length. */
const maxLineBytes = 1 << 20;
const newline = 10;

interface Place {
  offset: number;
  /** A line whose end is not there yet. */
  rest: Buffer;
}

export class KeptFiles {
  readonly #paths: string[];
  /** By inode: a file that becomes its predecessor stays known. */
  readonly #places = new Map<number, Place>();
  readonly #entries = new Map<string, RecordEntry>();
  readonly #unreadable = new Map<string, string>();
  #broken = 0;
  #lost = 0;
  readonly #gone = new Map<string, number>();

  /** `folder` is the agent's state folder. */
  constructor(folder: string) {
    // The predecessors first, so that later lines replace earlier ones.
    this.#paths = Object.values(keptFiles).flatMap((name) => [join(folder, `${name}.1`), join(folder, name)]);
  }

  /** How many lines are none of the agent's; a last one without an end is one. */
  get broken(): number {
    return this.#broken + this.#places.values().reduce((sum, { rest }) => sum + (rest.length > 0 ? 1 : 0), 0);
  }

  /** How many entries could not be written, as the files say. */
  get lost(): number {
    return this.#lost;
  }

  /** By file, the time (seconds since 1970) before which entries may have gone with a predecessor. */
  get gone(): ReadonlyMap<string, number> {
    return this.#gone;
  }

  /** The files that cannot be read, each with the reason. */
  get unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable;
  }

  /** Reads on, and returns all entries so far, by their ids. Never throws. */
  read(): ReadonlyMap<string, RecordEntry> {
    for (const path of this.#paths) {
      try {
        this.#readFile(path);
        this.#unreadable.delete(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#unreadable.set(path, whyUnreadable(error));
      }
    }
    return this.#entries;
  }

  #readFile(path: string): void {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = fstatSync(fd);
      if (!status.isFile()) throw new Error("it is not a regular file");
      const known = this.#places.get(status.ino);
      const place = known && known.offset <= status.size ? known : startOf(status.size);
      this.#places.set(status.ino, place);
      this.#readOn(fd, place, status.size, basename(path, ".1"));
    } finally {
      closeSync(fd);
    }
  }

  #readOn(fd: number, place: Place, end: number, name: string): void {
    const chunk = Buffer.alloc(64 * 1024);
    while (place.offset < end) {
      const count = readSync(fd, chunk, 0, chunk.length, place.offset);
      if (count === 0) return;
      place.offset += count;
      this.#takeLines(place, chunk.subarray(0, count), name);
    }
  }

  #takeLines(place: Place, bytes: Buffer, name: string): void {
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const line = Buffer.concat([place.rest, bytes.subarray(from, end)]);
      place.rest = Buffer.alloc(0);
      from = end + 1;
      if (line.length > 0) this.#take(line, name);
    }
    // A line that is too long is cut: what is left of it is broken as well.
    place.rest = Buffer.concat([place.rest, bytes.subarray(from)]).subarray(0, maxLineBytes);
  }

  #take(line: Buffer, name: string): void {
    const read = line.length >= maxLineBytes ? undefined : v.safeParse(KeptLine, parseJson(line.toString("utf8")));
    if (read?.success !== true) {
      this.#broken++;
      return;
    }
    if ("lost" in read.output) {
      this.#lost += read.output.lost;
      return;
    }
    if ("gone" in read.output) {
      this.#gone.set(name, Math.max(this.#gone.get(name) ?? 0, read.output.gone));
      return;
    }
    const { v: _, ...entry } = read.output;
    const known = this.#entries.get(entry.id);
    if (known === undefined || known.count <= entry.count) this.#entries.set(entry.id, entry);
  }
}

function startOf(size: number): Place {
  return { offset: Math.max(0, size - maxFileBytes), rest: Buffer.alloc(0) };
}
