/** `npm run fuzz` as a person runs it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { describeFinding } from "./report.ts";
import { targets } from "./targets.ts";

const TIMEOUT_MS = 60_000;

function fuzz(...args: string[]) {
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, join(import.meta.dir, "main.ts"), ...args]);
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

/** The line of a target, without what differs from run to run: times and memory. */
const countsOf = (stdout: string) => stdout.match(/^[a-z0-9-]+: \d+ inputs, [^;]*/gm);

test(
  "npm run fuzz prints the counts of every target, the same for the same seed",
  () => {
    const first = fuzz("--runs", "2000", "--seed", "7");
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    const counts = countsOf(first.stdout);
    expect(counts?.map((line) => line.split(":")[0])).toEqual(targets.map(({ name }) => name));
    expect(counts?.reduce((sum, line) => sum + Number(/: (\d+) inputs/.exec(line)?.[1]), 0)).toBe(2000);
    expect(first.stdout).toMatch(/^2000 inputs in \d+ s, seed 7: each ended in a value or a typed error\./m);
    expect(countsOf(fuzz("--runs", "2000", "--seed", "7").stdout)).toEqual(counts);
    expect(countsOf(fuzz("--runs", "2000", "--seed", "8").stdout)).not.toEqual(counts);
  },
  TIMEOUT_MS,
);

test(
  "npm run fuzz repeats one run of one target",
  () => {
    const { stdout, exitCode } = fuzz("--target", "cbor", "--seed", "7", "--run", "3");
    expect(exitCode).toBe(0);
    expect(countsOf(stdout)).toEqual([expect.stringMatching(/^cbor: 1 inputs, /)]);
  },
  TIMEOUT_MS,
);

describe("npm run fuzz refuses", () => {
  test.each([
    [["--runs", "many"], "expected an integer from 1 to 2147483647 for --runs, got many"],
    [["--target", "nothing"], "got nothing"],
    [["--run", "3"], "expected --seed and --target with --run"],
    [["--fast"], "--fast"],
  ])("the arguments %p", (args, message) => {
    expect(fuzz(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  });
});

test("a finding is told with its input and the command that repeats it", () => {
  expect(describeFinding("cbor", 7, 3, ["a1f6", ""], "TypeError: x")).toBe(
    [
      "\nFOUND in cbor, seed 7, run 3: TypeError: x",
      "Input, 2 parts:",
      "  a1f6",
      "  (empty)",
      "Repeat it: npm run fuzz -- --target cbor --seed 7 --run 3",
    ].join("\n"),
  );
});
