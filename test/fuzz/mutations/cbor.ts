/** Mutations that keep the frame of a CBOR text and change what stands in it. */
import { cborHead, cborItems, type Item } from "./cbor-items.ts";
import { canary } from "../corpus.ts";
import { mutateBytes, replace } from "./bytes.ts";
import type { Random } from "./random.ts";

const hex = (text: string) => Uint8Array.fromHex(text);
const text = (value: string) => {
  const bytes = new TextEncoder().encode(value);
  return replace(cborHead(3, bytes.length), cborHead(3, bytes.length).length, cborHead(3, bytes.length).length, bytes);
};
const repeated = (unit: string, count: number, end: string) => hex(unit.repeat(count) + end);

/** Items that replace others: every type, and what is at the border of being one. */
const fragments: readonly Uint8Array[] = [
  // integers: zero, not in the shortest form, the largest safe one and the next, the largest, the smallest
  ...["00", "1800", "1b0000000000000000", "1b001fffffffffffff", "1b0020000000000000", "1bffffffffffffffff"].map(hex),
  ...["20", "3b001fffffffffffff", "3bffffffffffffffff"].map(hex),
  // floats: NaN, infinity, minus zero, 1.5 in three widths
  ...["f97e00", "f97c00", "f98000", "f93e00", "fa3fc00000", "fb3ff8000000000000"].map(hex),
  // simple values: false, true, null, undefined, unassigned ones, reserved ones, a break
  ...["f4", "f5", "f6", "f7", "e0", "f8ff", "f818", "fc", "ff"].map(hex),
  // tags: a date, big numbers, self-described, an unknown one, one without content
  ...["c000", "c24101", "c3480123456789abcdef", "d9d9f700", "dbffffffffffffffff00", "c0"].map(hex),
  // indefinite lengths
  ...["5f4101ff", "7f6161ff", "9f00ff", "bf0000ff", "5f", "9f"].map(hex),
  // lengths and counts that nothing follows
  ...["5affffffff", "5bffffffffffffffff", "7a7fffffff", "7bffffffffffffffff", "5b001fffffffffffff"].map(hex),
  ...["9affffffff", "9bffffffffffffffff", "9b0020000000000000", "baffffffff", "bbffffffffffffffff"].map(hex),
  // empty ones, text that is not UTF-8, a map with keys that must not be
  ...[
    "40",
    "60",
    "80",
    "a0",
    "62c328",
    "61ff",
    "a1f600",
    "a1a00000",
    "a1fb3ff800000000000000",
    "a2000000",
    "a2616100616101",
  ].map(hex),
  text(canary),
  text("__proto__"),
  text("x".repeat(300)),
  hex(`a2${text(canary).toHex()}00${text(canary).toHex()}01`),
  hex(`a2${text("k".repeat(3000)).toHex()}00${text("k".repeat(3000)).toHex()}01`),
  // nesting
  repeated("81", 15, "00"),
  repeated("81", 17, "00"),
  repeated("a100", 15, "00"),
  repeated("a100", 17, "00"),
];

/** As {@link fragments}, but long: taken seldom. */
const longFragments: readonly Uint8Array[] = [
  repeated("81", 5000, "00"),
  repeated("a100", 3500, "00"),
  repeated("c0", 7000, "00"),
  hex(`991b58${"00".repeat(7000)}`),
  hex(`990dac${"a0".repeat(3500)}`),
  hex(
    `b90700${Array.from({ length: 0x700 }, (_, key) => `19${(key + 256).toString(16).padStart(4, "0")}00`).join("")}`,
  ),
  hex(`591b58${"ff".repeat(7000)}`),
  hex(`791b58${"c3".repeat(7000)}`),
];

const interestingArguments = [0, 1, 23, 24, 255, 256, 1023, 1024, 65_535, 65_536, 0x7fff_ffff, 0xffff_ffff];

type Mutation = (random: Random, bytes: Uint8Array, item: Item, items: readonly Item[]) => Uint8Array;

function substitute(random: Random, bytes: Uint8Array, { start, end }: Item): Uint8Array {
  return replace(bytes, start, end, random.pick(random.oneIn(40) ? longFragments : fragments));
}

function changeArgument(random: Random, bytes: Uint8Array, { start, content, major, argument }: Item): Uint8Array {
  const near = argument + random.below(5) - 2;
  const next = random.oneIn(2) ? Math.max(0, near) : random.pick(interestingArguments);
  return replace(bytes, start, content, cborHead(major, Math.min(next, 0xffff_ffff)));
}

function changeType(random: Random, bytes: Uint8Array, { start }: Item): Uint8Array {
  const copy = bytes.slice();
  copy[start] = ((copy[start] ?? 0) & 0x1f) | (random.below(8) << 5);
  return copy;
}

/** The content of a string is mutated and its length stays true. */
function changeContent(random: Random, bytes: Uint8Array, item: Item): Uint8Array {
  if (item.major !== 2 && item.major !== 3) return substitute(random, bytes, item);
  const content = bytes.slice(item.content, item.end);
  const changed = mutateBytes(random, content, [bytes]);
  return replace(bytes, item.start, item.end, cborHead(item.major, changed.length), changed);
}

function copyOver(random: Random, bytes: Uint8Array, { start, end }: Item, items: readonly Item[]): Uint8Array {
  const other = random.pick(items);
  return replace(bytes, start, end, bytes.slice(other.start, other.end));
}

/** Elements or pairs come to an array or a map, are there twice, or go; the count stays true. */
function changeElements(random: Random, bytes: Uint8Array, item: Item, items: readonly Item[]): Uint8Array {
  const perElement = item.major === 5 ? 2 : 1;
  if (item.major !== 4 && item.major !== 5) return substitute(random, bytes, item);
  const children = childrenOf(item, items);
  const at = random.below(item.argument + 1) * perElement;
  const first = children[at];
  const last = children[at + perElement - 1];
  const head = (count: number) => cborHead(item.major, count);
  if (first === undefined || last === undefined || random.oneIn(3)) {
    const added = Array.from({ length: perElement }, () => random.pick(fragments));
    return replace(bytes, item.start, item.content, head(item.argument + 1), ...added);
  }
  const element = bytes.slice(first.start, last.end);
  if (random.oneIn(2)) return replace(bytes, item.start, item.content, head(item.argument + 1), element);
  return replace(bytes, item.start, last.end, head(item.argument - 1), bytes.slice(item.content, first.start));
}

function childrenOf(item: Item, items: readonly Item[]): Item[] {
  const children: Item[] = [];
  let at = item.content;
  for (const one of items) {
    if (one.start !== at || one === item || one.start >= item.end) continue;
    children.push(one);
    at = one.end;
  }
  return children;
}

const mutations: readonly Mutation[] = [
  substitute,
  substitute,
  changeArgument,
  changeType,
  changeContent,
  changeContent,
  copyOver,
  changeElements,
];

/**
 * @param prefix how many bytes come before the CBOR, such as a status
 * @param others what parts are taken from as well
 */
export function mutateCbor(random: Random, bytes: Uint8Array, others: readonly Uint8Array[], prefix = 0): Uint8Array {
  const items = cborItems(bytes.subarray(prefix));
  if (items.length === 0 || random.oneIn(4)) return mutateBytes(random, bytes, others);
  const body = random.pick(mutations)(random, bytes.slice(prefix), random.pick(items), items);
  return replace(bytes, prefix, bytes.length, body);
}
