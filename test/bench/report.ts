/** What the bench says: each figure by the name that it has in docs/performance.md, in words and for the last line. */
import { median } from "./timing.ts";

/** Null: this machine lacks what it takes to measure it. */
export const figures: Record<string, number | null> = {};

/** A figure with the words that explain it. */
export function report(name: string, value: number, words: string): void {
  figures[name] = Math.round(value * 1000) / 1000;
  console.log(`${name} = ${figures[name]}\n    ${words}`);
}

/** A ratio of two medians of wall times. */
export function reportRatio(name: string, what: string, times: number[], against: string, others: number[]): void {
  const [a, b] = [median(times), median(others)];
  report(name, a / b, `${what}: ${a.toFixed(2)} ms; ${against}: ${b.toFixed(2)} ms (medians of ${times.length})`);
}

export function skip(name: string, why: string): void {
  figures[name] = null;
  console.log(`${name} is not measured: ${why}`);
}
