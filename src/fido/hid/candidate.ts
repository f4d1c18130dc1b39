/** One plugged-in security key of a selection: opens it, with retries, and makes it blink until it is touched. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../ctap2/device.ts";
import { selection } from "../ctap2/selection.ts";
import { isCtapError } from "../ctap2/status.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import { busy, NoAnswerError } from "./link.ts";
import { openKey } from "./open-key.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface CandidateOptions {
  /** Called once for each key that is busy with another program, before the first retry. */
  onBusy?: (product: string) => void;
  /** Called once for each key that does not answer, before the first retry, with the remaining time in milliseconds. */
  onSilent?: (product: string, leftMs: number) => void;
  /**
   * Looks up a model name by AAGUID (a UUID in lower case). Without it keys have the names in their USB descriptors.
   */
  modelOf?: (aaguid: string) => string | undefined;
}

/** The selection, as its candidates see it. */
export interface CandidateContext {
  readonly transport: HidTransport;
  readonly options: CandidateOptions;
  /** Timeout of the selection's waits, in milliseconds. */
  readonly timeoutMs: number;
  /** When the current wait ends, by `performance.now()`. */
  readonly deadline: () => number;
  /** Display names of the other candidates. */
  readonly otherNames: (candidate: Candidate) => string[];
  /** Called when the state of a candidate has changed. */
  readonly onChange: () => void;
  readonly onTouched: (candidate: Candidate) => void;
  readonly onRemoved: (candidate: Candidate) => void;
}

/** Polling interval for plugged-in keys, and for another try to open one. */
export const pollMs = 300;
/** Grace period for a new key: udev grants permission shortly after the device appears. */
const plugPatienceMs = 2_000;
/** How long the selection waits for a key that has not answered yet; it may still join later. */
const openPatienceMs = 1_000;
/** Lower bound on the timeout of a response that needs no touch, whatever the selection's timeout is. */
const minAnswerMs = 2_000;

export class Candidate {
  /** Includes the display name, which changes once the model is known. */
  readonly info: HidDeviceInfo;
  readonly #context: CandidateContext;
  /** Product name in the USB descriptor. */
  readonly #product: string;
  readonly #since = performance.now();
  /** Whether it was plugged in after the first listing. */
  readonly #isNew: boolean;
  readonly #stop = new AbortController();
  #work: Promise<void>;
  #isBusy = false;
  #isBlinking = false;
  #device: CtapDevice | undefined;
  #reason: VouchError | undefined;

  /** Starts to open the key. */
  constructor(info: HidDeviceInfo, product: string, isNew: boolean, context: CandidateContext) {
    this.info = info;
    this.#context = context;
    this.#product = product;
    this.#isNew = isNew;
    this.#work = this.#open();
  }

  /** Set once the key is open. */
  get device(): CtapDevice | undefined {
    return this.#device;
  }

  /** Why the key is unusable; undefined while it is usable, or may still become so. */
  get reason(): VouchError | undefined {
    return this.#reason;
  }

  get isBlinking(): boolean {
    return this.#isBlinking;
  }

  /** Whether it is open or has exceeded its time to answer. */
  isSettled(): boolean {
    return this.#device !== undefined || performance.now() > this.#since + openPatienceMs;
  }

  /** Marks the key as unusable if it has not answered yet. */
  giveUp(): void {
    if (this.#device !== undefined || this.#reason !== undefined) return;
    const { product } = this.info;
    this.#reason = this.#isBusy ? busy(product) : new NoAnswerError(product);
  }

  /** Makes the open key blink until it is touched. */
  blink(device: CtapDevice, timeoutMs: number): void {
    this.#isBlinking = true;
    this.#work = this.#untilTouched(device, timeoutMs);
  }

  /** Cancels the pending exchange, so that the key stops blinking, and closes the key. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#work;
    await this.#device?.close();
  }

  async #open(): Promise<void> {
    const { transport, options, timeoutMs, deadline, onChange, otherNames } = this.#context;
    const { signal } = this.#stop;
    const { info } = this;
    const onBusy = () => {
      if (!this.#isBusy) options.onBusy?.(info.product);
      this.#isBusy = true;
      onChange();
    };
    while (!signal.aborted) {
      try {
        const opened = await openKey(transport, info, {
          signal,
          timeoutMs: Math.max(pollMs, deadline() - performance.now()),
          answerTimeoutMs: Math.max(minAnswerMs, timeoutMs),
          onBusy,
          onSilent: () => options.onSilent?.(info.product, deadline() - performance.now()),
          modelOf: options.modelOf,
          product: this.#product,
          otherNames: () => otherNames(this),
        });
        this.#device = opened.device;
        this.#isBusy = false;
        break;
      } catch (error) {
        const reason = VouchError.from(error);
        if (!this.#mayPass(reason)) {
          this.#reason = reason;
          break;
        }
        if (reason.code === "security_key_busy") onBusy();
        await delay(pollMs, undefined, { signal }).catch(() => {});
      }
    }
    onChange();
  }

  /** Whether another try may succeed. */
  #mayPass({ code }: VouchError): boolean {
    const now = performance.now();
    if (code === "security_key_busy") return now < this.#context.deadline();
    const isJustPlugged = code === "security_key_removed" || (code === "security_key_permission" && this.#isNew);
    return isJustPlugged && now < this.#since + plugPatienceMs;
  }

  async #untilTouched(device: CtapDevice, timeoutMs: number): Promise<void> {
    try {
      await understood(device, () => selectionUntilTouched(device, this.#stop.signal, timeoutMs));
      this.#context.onTouched(this);
    } catch (error) {
      const reason = VouchError.from(error);
      this.#isBlinking = false;
      // A removed key may be plugged in again, even under the same path.
      if (reason.code === "security_key_removed") this.#context.onRemoved(this);
      else this.#reason = reason;
    }
    this.#context.onChange();
  }
}

/** Repeats the selection: keys stop blinking by themselves after about half a minute. */
async function selectionUntilTouched(device: CtapDevice, signal: AbortSignal, timeoutMs: number): Promise<void> {
  for (;;) {
    try {
      return await selection(device, { signal, timeoutMs });
    } catch (error) {
      if (!isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT", "TIMEOUT")) throw error;
    }
  }
}
