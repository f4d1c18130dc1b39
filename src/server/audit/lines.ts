/** The audit log as lines of JSON, beside the database, for whatever collects logs. */
import { closeSync } from "node:fs";
import { LogWriter } from "../http/log-writer.ts";
import type { AuditEntry } from "./entry.ts";
import { openAuditFile } from "./file.ts";

export class AuditLines {
  readonly #path: string | undefined;
  readonly #others: readonly string[];
  #descriptor: number;
  #writer: LogWriter;

  /** Appends to the file, as `openAuditFile`; `-` is stdout. Throws `file_error`. */
  constructor(file: string, others: readonly string[]) {
    this.#others = others;
    this.#path = file === "-" ? undefined : file;
    this.#descriptor = this.#open();
    this.#writer = new LogWriter(this.#descriptor);
  }

  /** Never blocks, never throws: what finds no room is dropped here, and is in the database. */
  write(entry: AuditEntry): void {
    this.#writer.write(entry);
  }

  /** Opens the file anew: it may have been renamed (log rotation). If that fails, the open one stays. Throws `file_error`. */
  reopen(): void {
    if (this.#path === undefined) return;
    const descriptor = this.#open();
    const [previous, writer] = [this.#descriptor, this.#writer];
    this.#descriptor = descriptor;
    this.#writer = new LogWriter(descriptor);
    void writer.close(1000).then(() => closeSync(previous));
  }

  /** Resolves when all is written, or after `limitMs` milliseconds. */
  async close(limitMs: number): Promise<void> {
    await this.#writer.close(limitMs);
    if (this.#path !== undefined) closeSync(this.#descriptor);
  }

  #open(): number {
    return this.#path === undefined ? 1 : openAuditFile(this.#path, this.#others);
  }
}
