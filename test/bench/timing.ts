/** Wall times of whole processes. */

export interface Timed {
  command: string[];
  env: Record<string, string>;
  stdin?: string;
}

/**
 * Runs the commands in turn, A B A B …, `rounds` times each after a warm-up, and returns the wall times of each in
 * milliseconds, from before the start to after the end. Throws when a run does not end with 0.
 */
export async function timeInTurn(commands: Timed[], rounds: number): Promise<number[][]> {
  const times: number[][] = commands.map(() => []);
  const warmUps = Math.min(5, rounds);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, { command, env, stdin }] of commands.entries()) {
      const before = performance.now();
      const child = Bun.spawn(command, {
        env,
        stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
        stdout: "ignore",
        stderr: "ignore",
      });
      const exitCode = await child.exited;
      const after = performance.now();
      if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}`);
      if (round >= 0) times[index]!.push(after - before);
    }
  }
  return times;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
