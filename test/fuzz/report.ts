/** What the fuzzer says of its runs. */
import type { Count } from "./campaign.ts";

const kibibytes = (bytes: number) => Math.round(bytes / 1024);

/** One line: how many inputs ended how, the slowest, and the most memory. */
export function describeCount({ target, runs, outcomes, slowest, heap, block }: Count): string {
  const { value = 0, ...errors } = outcomes;
  const codes = Object.entries(errors).sort(([, one], [, other]) => other - one);
  const typed = codes.length === 0 ? "no errors" : codes.map(([code, count]) => `${count} ${code}`).join(", ");
  return (
    `${target}: ${runs} inputs, ${value} values, ${typed}; ` +
    `slowest ${slowest.milliseconds.toFixed(1)} ms (run ${slowest.run}), ` +
    `largest heap ${kibibytes(heap)} KiB, largest block ${kibibytes(block)} KiB`
  );
}

/** What was found, the input in hexadecimal, and the command that repeats it. */
export function describeFinding(target: string, seed: number, run: number, input: string[], error: string): string {
  return [
    `\nFOUND in ${target}, seed ${seed}, run ${run}: ${error}`,
    `Input, ${input.length} parts:`,
    ...input.map((part) => `  ${part === "" ? "(empty)" : part}`),
    `Repeat it: npm run fuzz -- --target ${target} --seed ${seed} --run ${run}`,
  ].join("\n");
}
