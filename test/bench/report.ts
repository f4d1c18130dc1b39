/** What the bench says: each figure by the name that it has in docs/performance.md, in words and for the last line. */
import { median, parts } from "./timing.ts";

/** How often each figure is measured at least; it is the median of these rounds. */
export const rounds = 3;

interface Spread {
  min: number;
  median: number;
  max: number;
}

/** Null: this machine lacks what it takes to measure it, or it failed. */
const medians: Record<string, number | null> = {};
const spreads: Record<string, Spread> = {};

/** All figures for the last line; under `spread` how far the rounds of each lie apart. */
export function figures(): object {
  return { ...medians, spread: spreads };
}

/** A figure by its value in each round, with the words that explain it. */
export function report(name: string, values: number[], words: string): void {
  const spread = {
    min: rounded(Math.min(...values)),
    median: rounded(median(values)),
    max: rounded(Math.max(...values)),
  };
  medians[name] = spread.median;
  spreads[name] = spread;
  console.log(`${name} = ${spread.median} (${values.length} rounds: ${spread.min} to ${spread.max})\n    ${words}`);
}

/** A ratio of the medians of two lists of wall times, in each third of them. */
export function reportRatio(name: string, what: string, times: number[], against: string, others: number[]): void {
  const [a, b] = [parts(times, rounds).map(median), parts(others, rounds).map(median)];
  const words = `${what}: ${median(times).toFixed(2)} ms; ${against}: ${median(others).toFixed(2)} ms`;
  report(
    name,
    a.map((time, index) => time / b[index]!),
    `${words} (medians of ${times.length}, in ${rounds} rounds)`,
  );
}

export function skip(name: string, why: string): void {
  medians[name] = null;
  console.log(`${name} is not measured: ${why}`);
}

/** Measures these figures; those that it has not reported when it fails are skipped, with the reason. */
export async function attempt(names: string[], measure: () => Promise<void>): Promise<void> {
  try {
    await measure();
  } catch (error) {
    for (const name of names) if (!(name in medians)) skip(name, (error as Error).message);
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
