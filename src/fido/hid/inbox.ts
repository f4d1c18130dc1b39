/** A bounded queue of a connection's reports, with a wait that has a deadline. */
import type { HidConnection } from "./transport.ts";

/** Memory limit against a flooding peer (256 KiB); the oldest reports are dropped. */
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

  /** Clears the queue and starts collecting. */
  start(): void {
    this.#reports = [];
    this.#collecting = true;
  }

  /** Clears the queue and stops collecting: between two commands, reports belong to other programs. */
  stop(): void {
    this.#reports = [];
    this.#collecting = false;
  }

  /**
   * Waits for the next report until `deadline`, in milliseconds on the clock of `performance.now()`. Throws the
   * connection's error, once the queue is empty.
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
