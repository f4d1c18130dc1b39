/**
 * The thread that the inputs are run on. The main thread watches it through shared memory, so that it sees an input that
 * does not end, and which one it is.
 */
import { campaign, type Plan, type Report } from "./campaign.ts";
import { Surroundings } from "./surroundings.ts";
import { targets } from "./targets.ts";

declare const self: Worker;

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

self.onmessage = ({ data }: MessageEvent<Order>) => void carryOut(data);

async function carryOut({ plan, names, shared }: Order): Promise<void> {
  const words = new Int32Array(shared);
  const chosen = targets.filter(({ name }) => names.includes(name));
  const progress = {
    at: (target: { name: string }, run: number) => {
      Atomics.store(words, WORD.TARGET, names.indexOf(target.name));
      Atomics.store(words, WORD.RUN, run);
      Atomics.add(words, WORD.INPUTS, 1);
    },
    stopped: () => Atomics.load(words, WORD.STOP) !== 0,
  };
  const around = new Surroundings();
  const { finding, ...counted } = await campaign(chosen, plan, around, progress);
  around[Symbol.dispose]();
  const report: WorkerReport = {
    ...counted,
    finding: finding && { ...finding, input: finding.input.map((part) => part.toHex()), error: inspect(finding.error) },
  };
  self.postMessage(report);
}

function inspect(error: unknown): string {
  return error instanceof Error ? Bun.inspect(error) : `it threw ${Bun.inspect(error)}`;
}
