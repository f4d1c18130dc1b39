/** Response cache keyed by raw request bytes, per session and settings: a change of either empties it. */
import type { Settings } from "../../settings/settings.ts";
import type { Clock } from "../../base/clock.ts";
import type { Question } from "../record/questions.ts";
import { renewalSeconds } from "../tokens/cache/renewing-cache.ts";

/** How long an answer may be served again: as long as its tokens (seconds since 1970), or a moment. */
export type Lifetime = number | "brief";

/** Limits on entries and their size; package managers need less. */
const maxAnswers = 256;
const maxQuestionBytes = 4_096;
/** How long an answer is served that lacks a token: milliseconds, in which a storm of commands costs one look-up. */
const briefMs = 1_000;

export interface Remembered {
  answer: Uint8Array;
  question?: Question;
}

export class RememberedAnswers {
  readonly settings: Settings;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Remembered & { isFresh: () => boolean }>();

  constructor(settings: Settings, clock: Clock) {
    this.settings = settings;
    this.#clock = clock;
  }

  /** The cached answer to these bytes, until one of its tokens needs renewal. */
  recall(received: Buffer): Remembered | undefined {
    const known = this.#answers.get(received.toString("latin1"));
    return known?.isFresh() ? known : undefined;
  }

  /**
   * `lifetime` is when the first token in the answer ends, in seconds since 1970; `"brief"`: a token is missing. `question`
   * is what the record says of it.
   */
  keep(received: Buffer, answer: Uint8Array, lifetime: Lifetime, question?: Question): void {
    if (received.length > maxQuestionBytes) return;
    if (this.#answers.size >= maxAnswers) this.#answers.clear();
    const clock = this.#clock;
    const briefEnd = clock.elapsed() + briefMs;
    const isFresh = () =>
      lifetime === "brief" ? clock.elapsed() < briefEnd : clock.now() < (lifetime - renewalSeconds) * 1000;
    this.#answers.set(received.toString("latin1"), {
      answer,
      isFresh,
      ...(question === undefined ? {} : { question }),
    });
  }
}
