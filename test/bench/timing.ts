/** Wall times of whole processes. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";

export interface Timed {
  /** The command; several that are the same but for where their program lies take turns. */
  commands: string[][];
  env: Record<string, string>;
  stdin?: string;
  cwd?: string;
  /** Before each run, outside of the time. */
  prepare?: () => void;
}

/** The limit on one run, in milliseconds. */
const limitMs = 120_000;

/** So many copies of a program take turns: where the system happens to keep a file costs or saves up to a tenth. */
const copies = 3;

/**
 * Fresh copies of an executable under `folder`, each in a folder of its own and under each of these names. Programs that
 * are compared are all run from copies that were made one after the other, so that none has the better place.
 */
export function copiesOf(executable: string, folder: string, names: string[] = [basename(executable)]): string[] {
  return Array.from({ length: copies }, (_, index) => {
    const own = join(folder, `${basename(executable)}-${index}`);
    mkdirSync(own, { recursive: true });
    const copy = join(own, "program");
    copyFileSync(executable, copy);
    for (const name of names) symlinkSync(copy, join(own, name));
    return own;
  });
}

/**
 * Runs the commands in turn, A B A B …, `rounds` times each after a warm-up, and returns the wall times of each in
 * milliseconds, from before the start to after the end. Throws when a run does not end with 0.
 */
export async function timeInTurn(timed: Timed[], rounds: number): Promise<number[][]> {
  const times: number[][] = timed.map(() => []);
  const warmUps = Math.min(2 * copies, rounds);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, one] of timed.entries()) {
      const time = await timeOnce(one, round + warmUps);
      if (round >= 0) times[index]!.push(time);
    }
  }
  return times;
}

/** The wall time of one run, in milliseconds; `turn` picks the copy. */
export async function timeOnce({ commands, env, stdin, cwd, prepare }: Timed, turn = 0): Promise<number> {
  const command = commands[turn % commands.length]!;
  prepare?.();
  const before = performance.now();
  const child = Bun.spawn(command, {
    env,
    stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
    stdout: "ignore",
    stderr: "ignore",
    // A tool that hangs is one that is broken.
    timeout: limitMs,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const exitCode = await child.exited;
  const after = performance.now();
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}`);
  return after - before;
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this part of the values lies, between 0 and 1. */
export function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

/** The values in so many parts of equal size, in their order; what is left over belongs to the last. */
export function parts(values: number[], count: number): number[][] {
  const size = Math.floor(values.length / count);
  return Array.from({ length: count }, (_, index) =>
    values.slice(index * size, index === count - 1 ? undefined : (index + 1) * size),
  );
}

/** Least, median and greatest value in words, without decimals. */
export function range(values: number[]): string {
  return `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;
}
