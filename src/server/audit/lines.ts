/** The audit log as lines of JSON, beside the database, for whatever collects logs. */
import { closeSync, openSync } from "node:fs";
import { VouchError } from "../../base/errors.ts";
import { LogWriter } from "../http/log-writer.ts";
import type { AuditEntry } from "./entry.ts";

export class AuditLines {
  readonly #path: string | undefined;
  #descriptor: number;
  #writer: LogWriter;

  /** Appends to the file, made with mode 0600; `-` is stdout. Throws `file_error`. */
  constructor(file: string) {
    this.#path = file === "-" ? undefined : file;
    this.#descriptor = this.#open();
    this.#writer = new LogWriter(this.#descriptor);
  }

  /** Never blocks, never throws: what finds no room is dropped here, and is in the database. */
  write(entry: AuditEntry): void {
    this.#writer.write(entry);
  }

  /** Opens the file anew: it may have been renamed (log rotation). If that fails, the open one stays. */
  reopen(): void {
    if (this.#path === undefined) return;
    let descriptor: number;
    try {
      descriptor = this.#open();
    } catch {
      return;
    }
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
    if (this.#path === undefined) return 1;
    try {
      return openSync(this.#path, "a", 0o600);
    } catch (error) {
      throw new VouchError(
        "file_error",
        `The audit log ${this.#path} cannot be written: ${(error as Error).message}.`,
        {
          hint: "Check --audit-log, the folder and its permissions. Nothing was started.",
          cause: error,
        },
      );
    }
  }
}
