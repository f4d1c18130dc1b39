/** A failure of something that is done at intervals. */

/** Logs a failure once, until it is over or another. */
export class OngoingFailure {
  readonly #log: (reason: string) => void;
  #reason: string | undefined;

  constructor(log: (reason: string) => void) {
    this.#log = log;
  }

  /** `reason` is undefined after a success. */
  report(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.#reason) this.#log(reason);
    this.#reason = reason;
  }
}
