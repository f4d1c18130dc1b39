/**
 * The thread that the inputs are run on. The main thread watches it through shared memory, so that it sees an input that
 * does not end, and which one it is.
 */
import { parentPort, workerData } from "node:worker_threads";
import { campaign } from "./campaign.ts";
import { Surroundings } from "./surroundings/surroundings.ts";
import { targets } from "./targets.ts";
import { type Order, WORD, type WorkerReport } from "./thread.ts";

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
  parentPort?.postMessage(report, []);
}

function inspect(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${Bun.inspect(error)}`;
  const told = error.stack ?? String(error);
  return error.cause === undefined ? told : `${told}\nbecause of ${inspect(error.cause)}`;
}

await carryOut(workerData as Order);
