/** The options of `npm run fuzz`. */
import { parseArgs } from "node:util";
import { targets } from "./targets.ts";

export const usage = `npm run fuzz -- [options]

Gives mutated inputs to everything that reads what a security key or a server sends, and to some borders beside. Each
input must end in a value or a typed error, within its limits of steps, time and memory.

  --runs N       how many inputs in all (default 100000)
  --seconds N    end after N seconds
  --seed S       an integer that decides all inputs (default: chosen, and printed)
  --target NAME  only this target
  --run N        only the run with this number; needs --seed and --target
  --record       record the ceremonies that the inputs are made of again (test/fuzz/corpus.json)
  --help         this text

Targets:
${targets.map(({ name, reads }) => `  ${name.padEnd(20)} ${reads}`).join("\n")}
`;

export interface Arguments {
  help: boolean;
  record: boolean;
  runs: number;
  seconds: number;
  seed: number;
  /** The names of the targets. */
  names: string[];
  first: number;
}

const MAX_SEED = 0x7fff_ffff;

/** Throws an Error that says what is wrong. */
export function readArguments(args: string[]): Arguments {
  const number = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      runs: number,
      seconds: number,
      seed: number,
      run: number,
      target: { type: "string" },
      record: flag,
      help: flag,
    },
  });
  const { target, run, seed, help, record } = values;
  const names = targets.map(({ name }) => name);
  if (target !== undefined && !names.includes(target)) {
    throw new Error(`expected a target (${names.join(", ")}), got ${target}`);
  }
  if (run !== undefined && (target === undefined || seed === undefined)) {
    throw new Error("expected --seed and --target with --run");
  }
  return {
    help,
    record,
    runs: run === undefined ? (integer("runs", values.runs, 1) ?? 100_000) : 1,
    seconds: integer("seconds", values.seconds, 1) ?? Number.POSITIVE_INFINITY,
    seed: integer("seed", seed, 0) ?? Math.floor(Math.random() * MAX_SEED),
    names: target === undefined ? names : [target],
    first: integer("run", run, 0) ?? 0,
  };
}

function integer(name: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > MAX_SEED) {
    throw new Error(`expected an integer from ${min} to ${MAX_SEED} for --${name}, got ${text}`);
  }
  return value;
}
