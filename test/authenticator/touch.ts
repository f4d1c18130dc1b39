/** The finger on the key. */
import type { Settings } from "./settings.ts";
import { StatusError } from "./ctap2/status.ts";

/** A command in progress, as the transport runs it. */
export interface Call {
  channel: number;
  /** Aborted by CTAPHID_CANCEL. */
  signal: AbortSignal;
  /** Tells the transport what its keepalives must say from now on. */
  setStatus: (status: "processing" | "user_presence_needed") => void;
}

export class Touch {
  readonly #settings: Settings;
  #waiting: (() => void) | undefined;
  /** How often the key has begun to blink. */
  waits = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Whether the key blinks. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** Touches the key, which has an effect only while it blinks. */
  press(): void {
    this.#waiting?.();
  }

  /** Blinks until touched; USER_ACTION_TIMEOUT or KEEPALIVE_CANCEL otherwise. */
  async wait({ signal, setStatus }: Call): Promise<void> {
    const { touch, touchDelayMs, touchTimeoutMs } = this.#settings;
    if (signal.aborted) throw new StatusError("KEEPALIVE_CANCEL");
    this.waits += 1;
    setStatus("user_presence_needed");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    const cancel = () => reject(new StatusError("KEEPALIVE_CANCEL"));
    signal.addEventListener("abort", cancel);
    const limit = setTimeout(() => reject(new StatusError("USER_ACTION_TIMEOUT")), touchTimeoutMs);
    const finger = touch === "auto" ? setTimeout(resolve, touchDelayMs) : undefined;
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      clearTimeout(finger);
      signal.removeEventListener("abort", cancel);
      this.#waiting = undefined;
      setStatus("processing");
    }
  }
}
