/** The rejections that nobody takes: in the product each of them would end the process. */
export class UnhandledRejections implements Disposable {
  #reasons: unknown[] = [];
  readonly #listener = (reason: unknown) => void this.#reasons.push(reason);

  constructor() {
    process.on("unhandledRejection", this.#listener);
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#listener);
  }

  /** What has come since the last call. */
  take(): unknown[] {
    const reasons = this.#reasons;
    if (reasons.length > 0) this.#reasons = [];
    return reasons;
  }
}
