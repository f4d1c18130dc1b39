/** Which programs have asked, each run once, for how many they were. */
import * as v from "valibot";

/** More are not counted. The names of all, some twenty characters each, fit into one environment variable. */
const maxPrograms = 2_000;

/** By name, when each has asked last: seconds since 1970. */
export const ProgramsState = v.pipe(v.record(v.string(), v.number()), v.maxEntries(maxPrograms));
export type ProgramsState = v.InferOutput<typeof ProgramsState>;

export class Programs {
  readonly #last: Map<string, number>;

  constructor(state: ProgramsState = {}) {
    this.#last = new Map(Object.entries(state));
  }

  /** `program` names one run of a program for ever (askers.ts); `now` in seconds since 1970. */
  add(program: string, now: number): void {
    this.#last.delete(program);
    this.#last.set(program, now);
    if (this.#last.size > maxPrograms) this.#last.delete(this.#last.keys().next().value!);
  }

  /** How many have asked since the last midnight of the local time; `now` in milliseconds. */
  today(now: number): number {
    const since = new Date(now).setHours(0, 0, 0, 0) / 1000;
    return this.#last.values().reduce((sum, last) => sum + (last >= since ? 1 : 0), 0);
  }

  /** For another process of the same agent. */
  get state(): ProgramsState {
    return Object.fromEntries(this.#last);
  }
}
