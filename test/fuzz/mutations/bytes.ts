/** Mutations that know nothing of what the bytes mean. */
import type { Random } from "./random.ts";

const interestingBytes = [
  0x00, 0x01, 0x17, 0x18, 0x1f, 0x20, 0x3f, 0x40, 0x5f, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xf6, 0xff,
];
const interestingLengths = [0, 1, 0x40, 0x7f, 0xff, 0x100, 0x1db9, 0x1dba, 0x7fff, 0x8000, 0xffff];
const MAX_EXTENSION = 512;

type Mutation = (random: Random, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

/** The bytes with a part replaced. */
export function replace(bytes: Uint8Array, start: number, end: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, start + bytes.length - end);
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, start));
  let offset = start;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  result.set(bytes.subarray(end), offset);
  return result;
}

function flipBit(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(bytes.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

function setByte(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[random.below(bytes.length)] = random.oneIn(2) ? random.pick(interestingBytes) : random.below(256);
  return copy;
}

function setLength(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(bytes.length);
  const value = random.pick(interestingLengths);
  const encoded = random.oneIn(2)
    ? [value >> 8, value & 0xff]
    : random.oneIn(2)
      ? [0, 0, value >> 8, value & 0xff]
      : [0xff, 0xff, 0xff, 0xff];
  copy.set(encoded.slice(0, bytes.length - at), at);
  return copy;
}

function truncate(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, random.oneIn(2) ? random.below(bytes.length) : bytes.length - random.small(1, bytes.length));
}

function extend(random: Random, bytes: Uint8Array): Uint8Array {
  const extension = random.bytes(random.small(1, MAX_EXTENSION));
  return replace(bytes, bytes.length, bytes.length, random.oneIn(2) ? extension.fill(0) : extension);
}

function range(random: Random, bytes: Uint8Array): [start: number, end: number] {
  const start = random.below(bytes.length);
  return [start, start + random.small(1, bytes.length - start)];
}

function remove(random: Random, bytes: Uint8Array): Uint8Array {
  return replace(bytes, ...range(random, bytes));
}

function duplicate(random: Random, bytes: Uint8Array): Uint8Array {
  const [start, end] = range(random, bytes);
  return replace(bytes, end, end, bytes.subarray(start, end));
}

function insert(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  return replace(bytes, at, at, random.bytes(random.small(1, 16)));
}

/** The start of one and the end of another. */
function splice(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const other = random.pick(others);
  const from = random.below(other.length + 1);
  return replace(bytes, random.below(bytes.length), bytes.length, other.subarray(from));
}

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setLength,
  truncate,
  extend,
  remove,
  duplicate,
  insert,
  splice,
];

/** @param others what parts are taken from as well */
export function mutateBytes(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (bytes.length === 0) return random.bytes(random.small(0, 64));
  return random.pick(mutations)(random, bytes, others);
}

const MAX_MUTATIONS = 4;

/** One of the seeds with a few mutations. */
export function mutatedSeed(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  let bytes = random.pick(seeds);
  for (let count = random.small(1, MAX_MUTATIONS); count > 0; count -= 1) bytes = mutateBytes(random, bytes, seeds);
  return bytes;
}
