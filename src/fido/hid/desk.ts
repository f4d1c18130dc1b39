/** Selects the security key to use while keys are plugged in and removed: the only one, or the one that is touched. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../ctap2/device.ts";
import { selection } from "../ctap2/selection.ts";
import { isCtapError } from "../ctap2/status.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import { labels } from "./labels.ts";
import { busy, NoAnswerError } from "./link.ts";
import { openKey } from "./open-key.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface DeskOptions {
  signal?: AbortSignal;
  /** Timeout for a key to be plugged in, and then for a touch if there are several, in milliseconds. */
  timeoutMs?: number;
  /** Called whenever the wait for a key to be plugged in begins, with the remaining time in milliseconds. */
  onWaiting?: (leftMs: number) => void;
  /** Called when several keys blink and the user must touch one, and again when another one starts to blink. */
  onSelect?: (products: string[]) => void;
  /** Called for an unusable key if another key is usable. */
  onLeftOut?: (reason: VouchError) => void;
  /** Called once for each key that is busy with another program, before the first retry. */
  onBusy?: (product: string) => void;
  /** Called once for each key that does not answer, before the first retry, with the remaining time in milliseconds. */
  onSilent?: (product: string, leftMs: number) => void;
  /**
   * Looks up a model name by AAGUID (a UUID in lower case). Without it keys have the names in their USB descriptors.
   */
  modelOf?: (aaguid: string) => string | undefined;
}

const defaultTimeoutMs = 60_000;
const pollMs = 300;
/** Grace period for a new key: udev grants permission shortly after the device appears. */
const plugPatienceMs = 2_000;
/** How long the selection waits for a key that has not answered yet; it may still join later. */
const openPatienceMs = 1_000;
/** Timeout for the other keys to stop blinking and close. */
const clearPatienceMs = 2_000;
/** Lower bound on the timeout of a response that needs no touch, whatever `timeoutMs` is. */
const minAnswerMs = 2_000;
/** Overall timeout as a multiple of `timeoutMs`, since every plugged or removed key restarts the wait. */
const maxWaits = 10;
/** Extra time for the exchange with a key, so that the desk's own timeout fires first. */
const marginMs = 5_000;

/** A key that is plugged in; `device` is set once it is open, `reason` if it is unusable. */
interface Candidate {
  /** Includes the display name, which changes once the model is known. */
  info: HidDeviceInfo;
  /** Product name in the USB descriptor. */
  product: string;
  since: number;
  /** Whether it was plugged in after the first listing. */
  isNew: boolean;
  stop: AbortController;
  work: Promise<void>;
  isBusy: boolean;
  isBlinking: boolean;
  device?: CtapDevice;
  reason?: VouchError;
  reasonTold?: boolean;
}

export class Desk {
  readonly #transport: HidTransport;
  readonly #options: DeskOptions;
  readonly #timeoutMs: number;
  readonly #candidates = new Map<string, Candidate>();
  readonly #gone: Promise<void>[] = [];
  readonly #end: number;
  #deadline: number;
  #changed = Promise.withResolvers<void>();
  #touched: Candidate | undefined;
  #chosen: Candidate | undefined;
  #isWatched = false;
  #isEmpty = false;

  constructor(transport: HidTransport, options: DeskOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#end = performance.now() + maxWaits * this.#timeoutMs;
    this.#deadline = performance.now() + this.#timeoutMs;
  }

  /**
   * Waits until the choice of the key is unambiguous and returns it, open. The caller must call {@link clear}
   * afterwards. Throws `security_key_…`, `touch_timeout`, `cancelled`.
   */
  async choose(): Promise<CtapDevice> {
    const wake = () => this.#changed.resolve();
    this.#options.signal?.addEventListener("abort", wake);
    try {
      for (;;) {
        this.#changed = Promise.withResolvers<void>();
        if (this.#options.signal?.aborted) throw new VouchError("cancelled", "Cancelled.");
        this.#update(await this.#transport.list());
        const chosen = this.#touched ?? this.#only();
        if (chosen?.device !== undefined) {
          this.#chosen = chosen;
          if (chosen !== this.#touched) this.#giveUpPending();
          this.#tellLeftOut();
          return chosen.device;
        }
        const failure = this.#failure();
        if (failure !== undefined) throw failure;
        this.#askForTouch();
        await this.#change();
      }
    } finally {
      this.#options.signal?.removeEventListener("abort", wake);
    }
  }

  /** Cancels pending exchanges with the other keys (they stop blinking) and closes them. */
  async clear(): Promise<void> {
    for (const candidate of this.#candidates.values()) {
      if (candidate !== this.#chosen) this.#drop(candidate);
    }
    const enough = new AbortController();
    const limit = delay(clearPatienceMs, undefined, { signal: enough.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.#gone), limit]);
    enough.abort();
  }

  /** Updates the candidates from a new listing. */
  #update(listed: HidDeviceInfo[]): void {
    const paths = new Set(listed.map(({ path }) => path));
    for (const candidate of this.#candidates.values()) {
      if (!paths.has(candidate.info.path) && candidate !== this.#touched) this.#drop(candidate);
    }
    for (const [index, info] of labels(listed).entries()) {
      if (!this.#candidates.has(info.path)) this.#add({ ...info }, listed[index]!.product);
    }
    const isEmpty = this.#candidates.size === 0;
    if (isEmpty !== this.#isEmpty) this.#waitAnew();
    if (isEmpty && !this.#isEmpty) this.#options.onWaiting?.(this.#deadline - performance.now());
    this.#isEmpty = isEmpty;
    this.#isWatched = true;
  }

  #add(info: HidDeviceInfo, product: string): void {
    const candidate: Candidate = {
      info,
      product,
      since: performance.now(),
      isNew: this.#isWatched,
      stop: new AbortController(),
      work: Promise.resolve(),
      isBusy: false,
      isBlinking: false,
    };
    this.#candidates.set(info.path, candidate);
    candidate.work = this.#open(candidate);
  }

  /** Removes a candidate and aborts its exchange; {@link clear} waits for the end of that. */
  #drop(candidate: Candidate): void {
    if (this.#candidates.get(candidate.info.path) !== candidate) return;
    this.#candidates.delete(candidate.info.path);
    candidate.stop.abort();
    this.#gone.push(candidate.work.then(() => candidate.device?.close()));
  }

  async #open(candidate: Candidate): Promise<void> {
    const { info, product, since, isNew, stop } = candidate;
    const { signal } = stop;
    const { modelOf, onSilent: tellSilent } = this.#options;
    const otherNames = () =>
      [...this.#candidates.values()].flatMap((one) => (one === candidate ? [] : one.info.product));
    const answerTimeoutMs = Math.max(minAnswerMs, this.#timeoutMs);
    const onBusy = () => {
      if (!candidate.isBusy) this.#options.onBusy?.(info.product);
      candidate.isBusy = true;
      this.#changed.resolve();
    };
    while (!signal.aborted) {
      try {
        const timeoutMs = Math.max(pollMs, this.#deadline - performance.now());
        const onSilent = () => tellSilent?.(info.product, this.#deadline - performance.now());
        const options = { signal, timeoutMs, answerTimeoutMs, onBusy, onSilent, modelOf, product, otherNames };
        candidate.device = (await openKey(this.#transport, info, options)).device;
        candidate.isBusy = false;
        break;
      } catch (error) {
        const reason = VouchError.from(error);
        const mayPass =
          reason.code === "security_key_busy"
            ? performance.now() < this.#deadline
            : (reason.code === "security_key_removed" || (reason.code === "security_key_permission" && isNew)) &&
              performance.now() < since + plugPatienceMs;
        if (!mayPass) {
          candidate.reason = reason;
          break;
        }
        if (reason.code === "security_key_busy") onBusy();
        await delay(pollMs, undefined, { signal }).catch(() => {});
      }
    }
    this.#changed.resolve();
  }

  /** Candidates that are usable, or may still become so. */
  #usable(): Candidate[] {
    return [...this.#candidates.values()].filter(({ reason }) => reason === undefined);
  }

  /**
   * The only open key, once the others have had time to answer. A key that already blinks is excluded: it must be
   * touched.
   */
  #only(): Candidate | undefined {
    const [first, ...others] = this.#usable().filter(({ device }) => device !== undefined);
    return others.length === 0 && first?.isBlinking === false && this.#isSettled() ? first : undefined;
  }

  /** Whether every usable candidate is open or has exceeded its time to answer. */
  #isSettled(): boolean {
    const now = performance.now();
    return this.#usable().every(({ device, since }) => device !== undefined || now > since + openPatienceMs);
  }

  /** After a selection without a touch: marks the keys that have not answered as unusable. */
  #giveUpPending(): void {
    for (const candidate of this.#usable()) {
      const { device, isBusy, info } = candidate;
      if (device !== undefined) continue;
      candidate.reason = isBusy ? busy(info.product) : new NoAnswerError(info.product);
    }
  }

  #failure(): VouchError | undefined {
    const all = [...this.#candidates.values()];
    const usable = this.#usable();
    const reasons = all.flatMap(({ reason }) => reason ?? []);
    if (all.length > 0 && usable.length === 0) {
      return reasons.find(({ code }) => code !== "security_key_unsupported") ?? reasons[0];
    }
    if (performance.now() < this.#deadline) return undefined;
    if (usable.some(({ isBlinking }) => isBlinking)) {
      return new VouchError("touch_timeout", "None of the security keys was touched in time.", {
        hint: "Repeat the command and touch the key when it blinks; --timeout gives more time.",
      });
    }
    const [first] = usable;
    if (first !== undefined) {
      // An opening key fails with its own reason, unless the system blocks.
      return performance.now() < this.#deadline + marginMs ? undefined : new NoAnswerError(first.info.product);
    }
    return new VouchError("security_key_missing", "No security key is plugged in.", {
      hint: "Plug in your security key and repeat the command.",
    });
  }

  /** Makes all open keys blink, once it is certain that there are several. */
  #askForTouch(): void {
    const usable = this.#usable().filter(({ device }) => device !== undefined);
    const ready = usable.filter(({ isBlinking }) => !isBlinking);
    if (usable.length < 2 || ready.length === 0 || !this.#isSettled()) return;
    if (!usable.some(({ isBlinking }) => isBlinking)) this.#waitAnew();
    for (const candidate of ready) {
      candidate.isBlinking = true;
      candidate.work = this.#blink(candidate, candidate.device!);
    }
    this.#tellLeftOut();
    this.#options.onSelect?.(usable.filter(({ isBlinking }) => isBlinking).map(({ info }) => info.product));
  }

  async #blink(candidate: Candidate, device: CtapDevice): Promise<void> {
    const timeoutMs = this.#deadline - performance.now() + marginMs;
    try {
      await understood(device, () => untilTouched(device, candidate.stop.signal, timeoutMs));
      this.#touched ??= candidate;
    } catch (error) {
      const reason = VouchError.from(error);
      candidate.isBlinking = false;
      // A removed key may be plugged in again, even under the same path.
      if (reason.code === "security_key_removed") this.#drop(candidate);
      else candidate.reason = reason;
    }
    this.#changed.resolve();
  }

  /** Restarts the timeout for a new wait, up to the overall deadline. */
  #waitAnew(): void {
    this.#deadline = Math.min(performance.now() + this.#timeoutMs, this.#end);
  }

  #tellLeftOut(): void {
    for (const candidate of this.#candidates.values()) {
      if (candidate.reason === undefined || candidate.reasonTold) continue;
      candidate.reasonTold = true;
      this.#options.onLeftOut?.(candidate.reason);
    }
  }

  /** Resolves on a change of a key's state, or when the next poll of the plugged-in keys is due. */
  async #change(): Promise<void> {
    const timer = setTimeout(() => this.#changed.resolve(), pollMs);
    await this.#changed.promise;
    clearTimeout(timer);
  }
}

/** Repeats the selection: keys stop blinking by themselves after about half a minute. */
async function untilTouched(device: CtapDevice, signal: AbortSignal, timeoutMs: number): Promise<void> {
  for (;;) {
    try {
      return await selection(device, { signal, timeoutMs });
    } catch (error) {
      if (!isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT", "TIMEOUT")) throw error;
    }
  }
}
