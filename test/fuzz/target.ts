/** What the fuzzer tries: code of the product that reads what others send, and how to make input for it. */
import type { Random } from "./mutations/random.ts";
import type { VirtualTime } from "./surroundings/virtual-time.ts";

/** All bytes of one input, in the parts in which they arrive. */
export type Input = readonly Uint8Array[];

export interface Target {
  readonly name: string;
  /** Which code reads what. */
  readonly reads: string;
  /** How many of a thousand inputs are for this target. */
  readonly share: number;
  /** Messages of its errors are the peer's own words, passed on as they are. */
  readonly passesWordsOn?: boolean;
  /** An input that only the random choices decide. */
  input(random: Random): Input;
  /** Has the input read. Gives what was made of it; throws what the code throws, or a Violation of the target's own. */
  run(input: Input, time: VirtualTime): unknown;
}
