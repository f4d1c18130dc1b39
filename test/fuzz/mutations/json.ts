/** Mutations of a JSON value: what a faulty or hostile server sends in place of what was agreed. */
import { canary } from "../corpus.ts";
import type { Random } from "./random.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  -7,
  1e308,
  -(2 ** 64),
  2 ** 53,
  "",
  "AA",
  "A",
  "A===",
  "required",
  canary,
  `${canary}\u001b[2J\u202e`,
  "__proto__",
  "\u0000",
  "\ud800",
  "x".repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { id: "AA", type: "public-key" },
  { toString: null, valueOf: null },
  { length: 4_294_967_295 },
  JSON.parse('{"__proto__":{"id":"AA"},"constructor":null}') as Json,
  Array.from({ length: 300 }, () => ({ id: "AA", type: "public-key" })),
];

/** A copy with one thing changed, somewhere in the tree. */
export function mutateJson(random: Random, value: unknown): unknown {
  return mutate(random, value as Json);
}

function mutate(random: Random, value: Json): Json {
  if (typeof value !== "object" || value === null || random.oneIn(8)) return mutateLeaf(random, value);
  if (Array.isArray(value)) {
    if (value.length === 0) return [random.pick(values)];
    const at = random.below(value.length);
    if (random.oneIn(4)) return value.toSpliced(at, random.below(2), random.pick(values));
    return value.with(at, mutate(random, value[at] ?? null));
  }
  const names = Object.keys(value);
  const name = names.length === 0 ? "name" : random.pick(names);
  const entries = Object.entries(value);
  if (random.oneIn(6)) return Object.fromEntries(entries.filter(([one]) => one !== name));
  if (random.oneIn(8)) return Object.fromEntries([...entries, [random.pick(["__proto__", canary, ""]), null]]);
  return Object.fromEntries(entries.map(([one, old]) => [one, one === name ? mutate(random, old) : old]));
}

function mutateLeaf(random: Random, value: Json): Json {
  if (typeof value !== "string" || value === "" || random.oneIn(3)) return random.pick(values);
  const at = random.below(value.length);
  const inserted = random.pick(["", "=", "+", " ", "\n", "\u00e9", "A", String.fromCharCode(random.below(0x10000))]);
  return value.slice(0, at) + inserted + value.slice(at + random.below(3));
}

/** What the bytes say; the bytes themselves when they are no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return bytes;
  }
}
