/** `npm run fuzz`: runs the inputs on a thread of their own, watches it, and prints what came of it. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Arguments, readArguments, usage } from "./arguments.ts";
import { inputOf } from "./campaign.ts";
import { describeCount, describeFinding } from "./report.ts";
import { targets } from "./targets.ts";
import type { Target } from "./target.ts";
import { type Order, WORD, type WorkerReport } from "./thread.ts";

/** An input that takes longer than this hangs: all waiting is done in virtual time. */
const HANG_MS = 20_000;
const WATCH_MS = 250;
const TELL_MS = 10_000;

let chosen: Arguments;
try {
  chosen = readArguments(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exit(2);
}
if (chosen.help) {
  console.log(usage);
  process.exit(0);
}
if (chosen.record) {
  const { record } = await import("./record.ts");
  const ceremonies = await record();
  await Bun.write(join(import.meta.dir, "corpus.json"), `${JSON.stringify(ceremonies, null, 2)}\n`);
  console.log(`${ceremonies.length} ceremonies are recorded in test/fuzz/corpus.json; run \`npm run format\`.`);
  process.exit(0);
}

const started = performance.now();
console.log(`Seed ${chosen.seed}.`);
const shared = new SharedArrayBuffer(4 * Object.keys(WORD).length);
const words = new Int32Array(shared);
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
  Atomics.store(words, WORD.STOP, 1);
});
const order: Order = { plan: chosen, names: chosen.names, shared };
const worker = new Worker(join(import.meta.dir, "worker.ts"), { workerData: order });
const { promise, resolve, reject } = Promise.withResolvers<WorkerReport>();
worker.on("message", resolve);
worker.on("error", reject);
worker.on("exit", (code) => reject(new Error(`the thread ended with ${code} before it reported`)));
const watch = setInterval(watchOnce, WATCH_MS);
let seen = { inputs: 0, at: started, told: started };

const { counts, finding, growth } = await promise;
clearInterval(watch);
for (const count of counts) console.log(describeCount(count));
const inputs = counts.reduce((sum, { runs }) => sum + runs, 0);
const seconds = Math.round((performance.now() - started) / 1000);
if (finding !== undefined) {
  console.log(describeFinding(finding.target, chosen.seed, finding.run, finding.input, finding.error));
  process.exit(1);
}
console.log(
  `${inputs} inputs in ${seconds} s, seed ${chosen.seed}: each ended in a value or a typed error. ` +
    `The process grew by at most ${Math.round(growth / 1024 / 1024)} MiB.`,
);
process.exit(interrupted ? 130 : 0);

/** Sees an input that does not end, and tells from time to time how far the inputs are. */
function watchOnce(): void {
  const now = performance.now();
  const done = Atomics.load(words, WORD.INPUTS);
  if (done !== seen.inputs) seen = { ...seen, inputs: done, at: now };
  else if (now - seen.at > HANG_MS) reportHang();
  if (now - seen.told < TELL_MS) return;
  seen.told = now;
  console.log(`${done} of ${chosen.runs} inputs.`);
}

function reportHang(): never {
  const name = chosen.names[Atomics.load(words, WORD.TARGET)];
  const target = targets.find((one) => one.name === name) as Target;
  const run = Atomics.load(words, WORD.RUN);
  const input = inputOf(target, chosen.seed, run).map((part) => part.toHex());
  console.log(describeFinding(target.name, chosen.seed, run, input, `it did not end within ${HANG_MS} ms`));
  // The thread is in a loop that nothing ends: the process is, with all its threads.
  void worker.terminate();
  process.exit(1);
}
