/** The reports of a connection as something to wait for, with a limit. */
import type { HidConnection } from "./transport.ts";

/** A peer that floods cannot take more memory than this many reports (256 KiB); the oldest give way. */
const maxReports = 4096;

/** Why a wait ended without a report. */
export type NoReport = "deadline" | "aborted";

export class Inbox {
  #reports: Uint8Array[] = [];
  #collecting = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: HidConnection) {
    connection.onReport((report) => {
      if (!this.#collecting) return;
      // A copy: the transport may reuse its buffer.
      if (this.#reports.push(new Uint8Array(report)) > maxReports) this.#reports.shift();
      this.#wake?.();
    });
    connection.onError((error) => {
      this.#error ??= error;
      this.#wake?.();
    });
  }

  /** Forgets what has arrived and keeps what arrives from now on. */
  start(): void {
    this.#reports = [];
    this.#collecting = true;
  }

  /** Keeps nothing more: between two commands the reports are other programs'. */
  stop(): void {
    this.#reports = [];
    this.#collecting = false;
  }

  /**
   * Waits for the next report.
   * @param deadline on the clock of `performance.now()`, in milliseconds
   * @throws the error of the connection, once all reports that came before it are taken
   */
  async next(deadline: number, signal?: AbortSignal): Promise<Uint8Array | NoReport> {
    for (;;) {
      if (signal?.aborted) return "aborted";
      const left = deadline - performance.now();
      if (left <= 0) return "deadline";
      const report = this.#reports.shift();
      if (report !== undefined) return report;
      if (this.#error !== undefined) throw this.#error;
      await this.#wait(left, signal);
    }
  }

  #wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}
