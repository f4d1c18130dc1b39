/** What the thread that runs the inputs and the one that watches it say to each other. */
import type { Plan, Report } from "./campaign.ts";

/** The words of the shared memory. */
export const WORD = { STOP: 0, TARGET: 1, RUN: 2, INPUTS: 3 } as const;

export interface Order {
  plan: Plan;
  /** The names of the targets. */
  names: string[];
  shared: SharedArrayBuffer;
}

/** A report whose error is text: errors lose what they are on their way between threads. */
export type WorkerReport = Omit<Report, "finding"> & {
  finding: { target: string; run: number; input: string[]; error: string } | undefined;
};
