/**
 * Whole answers with tokens, by the question word for word, for those who ask the same again. What they rest on must
 * not have changed: they belong to one session, which has them, and to the settings as they were read.
 */
import type { Settings } from "../../settings/settings.ts";
import type { Clock } from "../../base/clock.ts";
import { renewalSeconds } from "../tokens/renewing-cache.ts";

/** So many questions at most, of so many bytes each; more is no package manager's. */
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

  /** The answer to the same question, as long as nothing in it is to be renewed. */
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
