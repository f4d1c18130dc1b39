/** Response cache keyed by raw request bytes, per session and settings: a change of either empties it. */
import type { Settings } from "../../settings/settings.ts";
import type { Clock } from "../../base/clock.ts";
import { renewalSeconds } from "../tokens/renewing-cache.ts";

/** Limits on entries and their size; package managers need less. */
const maxAnswers = 256;
const maxQuestionBytes = 4_096;

export class RememberedAnswers {
  readonly settings: Settings;
  readonly #clock: Clock;
  readonly #answers = new Map<string, { answer: Uint8Array; until: number }>();

  constructor(settings: Settings, clock: Clock) {
    this.settings = settings;
    this.#clock = clock;
  }

  /** The cached answer to these bytes, until one of its tokens needs renewal. */
  recall(question: Buffer): Uint8Array | undefined {
    const known = this.#answers.get(question.toString("latin1"));
    return known !== undefined && this.#clock.now() < known.until ? known.answer : undefined;
  }

  /** `expiration` is when the first token in the answer ends: seconds since 1970. */
  keep(question: Buffer, answer: Uint8Array, expiration: number): void {
    if (question.length > maxQuestionBytes) return;
    if (this.#answers.size >= maxAnswers) this.#answers.clear();
    this.#answers.set(question.toString("latin1"), { answer, until: (expiration - renewalSeconds) * 1000 });
  }
}
