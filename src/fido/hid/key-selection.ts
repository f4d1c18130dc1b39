/** Selects the security key to use while keys are plugged in and removed: the only one, or the one that is touched. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../ctap2/device.ts";
import { VouchError } from "../../base/errors.ts";
import { Candidate, type CandidateContext, type CandidateOptions, pollMs } from "./candidate.ts";
import { labels } from "./labels.ts";
import { NoAnswerError } from "./link.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface KeySelectionOptions extends CandidateOptions {
  signal?: AbortSignal;
  /** Timeout for a key to be plugged in, and then for a touch if there are several, in milliseconds. */
  timeoutMs?: number;
  /** Called whenever the wait for a key to be plugged in begins, with the remaining time in milliseconds. */
  onWaiting?: (leftMs: number) => void;
  /** Called when several keys blink and the user must touch one, and again when another one starts to blink. */
  onSelect?: (products: string[]) => void;
  /** Called for an unusable key if another key is usable. */
  onLeftOut?: (reason: VouchError) => void;
}

const defaultTimeoutMs = 60_000;
/** Timeout for the other keys to stop blinking and close. */
const clearPatienceMs = 2_000;
/** Overall timeout as a multiple of `timeoutMs`, since every plugged or removed key restarts the wait. */
const maxWaits = 10;
/** Extra time for the exchange with a key, so that the selection's own timeout fires first. */
const marginMs = 5_000;

export class KeySelection {
  readonly #transport: HidTransport;
  readonly #context: CandidateContext;
  readonly #options: KeySelectionOptions;
  readonly #timeoutMs: number;
  readonly #candidates = new Map<string, Candidate>();
  /** Unusable keys that the user has been told of. */
  readonly #told = new Set<Candidate>();
  readonly #gone: Promise<void>[] = [];
  readonly #end: number;
  #deadline: number;
  #changed = Promise.withResolvers<void>();
  #touched: Candidate | undefined;
  #chosen: Candidate | undefined;
  #isWatched = false;
  #isEmpty = false;

  constructor(transport: HidTransport, options: KeySelectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#end = performance.now() + maxWaits * this.#timeoutMs;
    this.#deadline = performance.now() + this.#timeoutMs;
    this.#context = {
      transport,
      options,
      timeoutMs: this.#timeoutMs,
      deadline: () => this.#deadline,
      otherNames: (candidate) =>
        [...this.#candidates.values()].flatMap((one) => (one === candidate ? [] : one.info.product)),
      onChange: () => this.#changed.resolve(),
      onTouched: (candidate) => (this.#touched ??= candidate),
      onRemoved: (candidate) => this.#drop(candidate),
    };
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
          // Without a touch, keys that have not answered are left out, and the user is told.
          if (chosen !== this.#touched) for (const candidate of this.#usable()) candidate.giveUp();
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
      if (this.#candidates.has(info.path)) continue;
      const candidate = new Candidate({ ...info }, listed[index]!.product, this.#isWatched, this.#context);
      this.#candidates.set(info.path, candidate);
    }
    const isEmpty = this.#candidates.size === 0;
    if (isEmpty !== this.#isEmpty) this.#waitAnew();
    if (isEmpty && !this.#isEmpty) this.#options.onWaiting?.(this.#deadline - performance.now());
    this.#isEmpty = isEmpty;
    this.#isWatched = true;
  }

  /** Removes a candidate and aborts its exchange; {@link clear} waits for the end of that. */
  #drop(candidate: Candidate): void {
    if (this.#candidates.get(candidate.info.path) !== candidate) return;
    this.#candidates.delete(candidate.info.path);
    this.#gone.push(candidate.close());
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

  #isSettled(): boolean {
    return this.#usable().every((candidate) => candidate.isSettled());
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
      candidate.blink(candidate.device!, this.#deadline - performance.now() + marginMs);
    }
    this.#tellLeftOut();
    this.#options.onSelect?.(usable.filter(({ isBlinking }) => isBlinking).map(({ info }) => info.product));
  }

  /** Restarts the timeout for a new wait, up to the overall deadline. */
  #waitAnew(): void {
    this.#deadline = Math.min(performance.now() + this.#timeoutMs, this.#end);
  }

  #tellLeftOut(): void {
    for (const candidate of this.#candidates.values()) {
      if (candidate.reason === undefined || this.#told.has(candidate)) continue;
      this.#told.add(candidate);
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
