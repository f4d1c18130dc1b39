/** A run of the fuzzer: many inputs for all targets in turn, counted. */
import { heapStats } from "bun:jsc";
import { attempt, type Outcome } from "./attempt.ts";
import { Random } from "./mutations/random.ts";
import type { Surroundings } from "./surroundings/surroundings.ts";
import type { Input, Target } from "./target.ts";
import { Violation } from "./surroundings/violation.ts";

export interface Plan {
  seed: number;
  /** How many inputs for all targets together. */
  runs: number;
  /** Ends the campaign earlier, in seconds. */
  seconds: number;
  /** The number of the first run of each target. */
  first: number;
}

export interface Count {
  target: string;
  runs: number;
  outcomes: Partial<Record<Outcome, number>>;
  slowest: { milliseconds: number; run: number };
  /** The largest heap after a part of the runs, in bytes. */
  heap: number;
  /** The largest block that was asked for, in bytes. */
  block: number;
}

export interface Finding {
  target: string;
  run: number;
  input: Input;
  error: unknown;
}

export interface Report {
  counts: Count[];
  finding: Finding | undefined;
  /** How far the process grew after its first round, in bytes. */
  growth: number;
}

/** What the campaign is at, for others to watch. */
export interface Progress {
  /** Called before each input. */
  at(target: Target, run: number): void;
  /** Whether to end now. */
  stopped(): boolean;
}

/** How many inputs are given to all targets in turn, each by its share. */
const ROUND = 1_000;
/** Rounds until memory is compared: code is compiled and caches are filled by then. */
const WARM_UP_ROUNDS = 20;
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;

/** The input of one run of a target: the same for the same seed, on every machine. */
export function inputOf(target: Target, seed: number, run: number): Input {
  return target.input(new Random(`${seed} ${target.name} ${run}`));
}

/** Runs until the inputs are through, the time is over, it is stopped, or something is found. */
export async function campaign(
  targets: readonly Target[],
  plan: Plan,
  around: Surroundings,
  progress: Progress,
): Promise<Report> {
  const counts = targets.map(newCount);
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const end = Bun.nanoseconds() + plan.seconds * 1e9;
  let left = plan.runs;
  let warm: number | undefined;
  let growth = 0;
  for (let round = 0; left > 0; round += 1) {
    for (const [index, target] of targets.entries()) {
      const count = counts[index] as Count;
      const part = Math.min(left, Math.ceil((target.share / shares) * ROUND));
      const last = plan.first + count.runs + part;
      for (let run = plan.first + count.runs; run < last; run += 1) {
        if (progress.stopped() || Bun.nanoseconds() > end) return { counts, finding: undefined, growth };
        progress.at(target, run);
        const finding = await runOne(target, run, plan.seed, around, count);
        if (finding !== undefined) return { counts, finding, growth };
      }
      left -= part;
      count.heap = Math.max(count.heap, heapStats().heapSize);
    }
    const memory = process.memoryUsage.rss();
    if (round === WARM_UP_ROUNDS) warm = memory;
    if (warm !== undefined) growth = Math.max(growth, memory - warm);
    if (growth > MAX_GROWTH_BYTES) {
      const error = new Violation(`the process grew by ${growth} bytes in ${round} rounds`);
      return { counts, finding: { target: "memory", run: plan.first + round * ROUND, input: [], error }, growth };
    }
  }
  return { counts, finding: undefined, growth };
}

async function runOne(
  target: Target,
  run: number,
  seed: number,
  around: Surroundings,
  count: Count,
): Promise<Finding | undefined> {
  const input = inputOf(target, seed, run);
  const started = Bun.nanoseconds();
  try {
    const outcome = await attempt(target, input, around);
    count.outcomes[outcome] = (count.outcomes[outcome] ?? 0) + 1;
  } catch (error) {
    return { target: target.name, run, input, error };
  } finally {
    count.runs += 1;
    const milliseconds = (Bun.nanoseconds() - started) / 1e6;
    if (milliseconds > count.slowest.milliseconds) count.slowest = { milliseconds, run };
    count.block = Math.max(count.block, around.allocation.largest);
  }
  return undefined;
}

function newCount({ name }: Target): Count {
  return { target: name, runs: 0, outcomes: {}, slowest: { milliseconds: 0, run: 0 }, heap: 0, block: 0 };
}
