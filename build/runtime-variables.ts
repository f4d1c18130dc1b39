/**
 * Takes from the runtime the environment variables that are its own (`BUN_BE_BUN`, `BUN_OPTIONS`, `BUN_JSC_…`,
 * `NODE_TLS_REJECT_UNAUTHORIZED`, …): one of them makes the executable plain Bun, another runs code in it, a third prints
 * every header. Bun has no option for that, so that their names are changed in its file, before it is made into ours and
 * signed: the first character becomes `=`, which no shell can put into a name. The file keeps its length.
 *
 * Only the runtime's native code is changed, not its built-in JavaScript: that was compiled ahead, and its cache holds
 * for exactly this source. What that reads (`NODE_DEBUG`, …) changes nothing of what Vouch does; a test over the
 * executable sees to it (test/binary/executable/runtime-variables.test.ts).
 */

/** `=` in ASCII. */
const blank = 0x3d;

/** Variables without a prefix of the runtime's own: JavaScriptCore's, bmalloc's, simdutf's, libuv's, Node.js's. */
const exactNames = [
  "CARES_HOSTS",
  "DO_NOT_TRACK",
  "HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET",
  "ICU_DATA",
  "JSC_PROFILER_PATH",
  "JSC_SIGNAL_FOR_GC",
  "JavaScriptCoreUseJIT",
  "MallocCheckHeapAbort",
  "MallocCheckHeapEach",
  "MallocCheckHeapSleep",
  "MallocCheckHeapStart",
  "MallocCorruptionAbort",
  "MallocDoNotProtectPostlude",
  "MallocDoNotProtectPrelude",
  "MallocErrorAbort",
  "MallocGuardEdges",
  "MallocHelp",
  "MallocLogFile",
  "MallocScribble",
  "MallocStackLogging",
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_COMPILE_CACHE",
  "NODE_COMPILE_CACHE_PORTABLE",
  "NODE_DEBUG_NATIVE",
  "NODE_DISABLE_COMPILE_CACHE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_NO_WARNINGS",
  "NODE_PENDING_DEPRECATION",
  "NODE_PRESERVE_SYMLINKS_MAIN",
  "NODE_REDIRECT_WARNINGS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_USE_SYSTEM_CA",
  "SIMDUTF_FORCE_IMPLEMENTATION",
  "UV_THREADPOOL_SIZE",
  "WTF_numberOfProcessorCores",
  "WebKitMallocForceEnabled",
  "WebKitSystemHeapOverrideEnablement",
];

/** Not variables: the version of exported symbols, names in C headers and in JavaScript, the symbol that a plugin exports. */
const otherNames = /^BUN_(?:1\.|CANARY|DATA__|FFI_|INTERNALS_|PLUGIN_NAME)/;

/** Without these the change would be in vain: a Bun that calls them otherwise must be noticed. */
const mustBeThere = [
  "BUN_BE_BUN",
  "BUN_BYTECODE_ORDER_OUT",
  "BUN_CONFIG_VERBOSE_FETCH",
  "BUN_INSPECT",
  "BUN_INSPECT_PRELOAD",
  "BUN_OPTIONS",
  "BUN_RUNTIME_TRANSPILER_CACHE_PATH",
  "BUN_TMPDIR",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
];

/** Characters before a name in JavaScript and in sentences, where it is not what is looked up. */
const quoting = new Set(Buffer.from(" $\"'`.[(_"));

/**
 * A copy of the runtime's file (of any target) that reads no variable of its own, and the names that were changed, sorted.
 * Throws when one that must be there is not, or the native code that reads `BUN_JSC_…` and `mimalloc_…` is not as known.
 */
export function withoutRuntimeVariables(file: Uint8Array): { file: Uint8Array; blankedNames: string[] } {
  const copy = Buffer.from(file);
  const names = new Set<string>();
  for (const offset of offsetsOf(copy, "BUN_")) {
    const name = /^BUN_[A-Z][A-Za-z0-9_]{2,}/.exec(copy.toString("latin1", offset, offset + 80))?.[0];
    const text = copy.toString("latin1", offset, offset + 20);
    if (name === undefined || otherNames.test(text) || quoting.has(copy[offset - 1]!)) continue;
    copy[offset] = blank;
    // In the runtime's Rust part names stand one after the other without an end.
    names.add(/^BUN_[A-Za-z0-9_]+?(?=BUN_|$)/.exec(name)![0]);
  }
  for (const name of exactNames) {
    for (const offset of offsetsOf(copy, name)) {
      if (!isWhole(copy, offset, name)) continue;
      copy[offset] = blank;
      names.add(name);
    }
  }
  const missing = mustBeThere.filter((name) => !names.has(name));
  if (missing.length > 0) throw new Error(`expected this Bun to read ${missing.join(", ")}`);
  blankJscPrefix(copy);
  blankMimallocPrefix(copy);
  return { file: copy, blankedNames: [...names].sort() };
}

/** Whether the name stands there for itself: as a C string, or (long ones only) among the Rust part's strings. */
function isWhole(file: Buffer, offset: number, name: string): boolean {
  const before = file[offset - 1]!;
  const after = file[offset + name.length]!;
  if (before === 0 && after === 0) return true;
  return name.startsWith("NODE_") && !quoting.has(before) && /[^a-z_"'`\]]/.test(String.fromCharCode(after));
}

/**
 * `BUN_JSC_…` sets any option of JavaScriptCore. The prefix is compared byte by byte in code: x64 as eight
 * `cmp byte [register + n], character`, arm64 as `ldrb`, `cmp w, #character`. The first will never be equal.
 */
function blankJscPrefix(file: Buffer): void {
  const prefix = "BUN_JSC_";
  const x64 = new RegExp(
    Array.from(prefix, (character, index) =>
      index === 0 ? `\\x80[\\x38-\\x3f]${character}` : `\\x80[\\x78-\\x7f]\\x0${index}${character}`,
    ).join("[^]{2,8}?"),
    "g",
  );
  const places: number[] = [];
  for (const offset of offsetsOf(file, Buffer.from([0x55, 0x75]))) {
    // `U`, then `jne`: the second of the comparisons. The first is at most twelve bytes before it.
    const start = Math.max(0, offset - 16);
    x64.lastIndex = 0;
    const match = x64.exec(file.toString("latin1", start, offset + 80));
    if (match !== null && match.index < 16) places.push(start + match.index + 2);
  }
  const found = [...new Set(places)];
  const [comparison] = found;
  if (comparison !== undefined && found.length === 1) {
    file[comparison] = 0;
    return;
  }
  const arm64 = found.length === 0 ? arm64Comparisons(file, prefix) : [];
  const [place] = arm64;
  if (place === undefined || arm64.length > 1)
    throw new Error(`expected one comparison with BUN_JSC_, got ${found.length + arm64.length}`);
  // `subs wzr, w, #0`: the bits 10 to 21 are the character.
  file.writeUInt32LE((file.readUInt32LE(place) & ~(0xfff << 10)) >>> 0, place);
}

/** Where `cmp w, #character` stands for each character of the prefix, one after the other within a few instructions. */
function arm64Comparisons(file: Buffer, prefix: string): number[] {
  const found: number[] = [];
  const immediate = (offset: number): number => {
    const instruction = file.readUInt32LE(offset);
    return (instruction & 0xffc0001f) >>> 0 === 0x7100001f ? (instruction >>> 10) & 0xfff : -1;
  };
  for (let offset = 0; offset + 4 <= file.length; offset += 4) {
    if (immediate(offset) !== prefix.charCodeAt(0)) continue;
    let next = 1;
    const end = Math.min(offset + 4 * 32, file.length - 4);
    for (let at = offset + 4; at <= end && next < prefix.length; at += 4) {
      if (immediate(at) === prefix.charCodeAt(next)) next++;
    }
    if (next === prefix.length) found.push(offset);
  }
  return found;
}

/** `mimalloc_…` (any case) sets options of the allocator: the prefix is one word of eight bytes, in code or beside it. */
function blankMimallocPrefix(file: Buffer): void {
  const words = offsetsOf(file, "mimalloc").filter((offset) => {
    const after = String.fromCharCode(file[offset + 8]!);
    return !/[\0:_ A-Za-z%]/.test(after) || isInstructionOperand(file, offset);
  });
  if (words.length !== 1) throw new Error(`expected mimalloc's prefix once, got it ${words.length} times`);
  file[words[0]!] = blank;
}

/** x64's `mov register, imm64`: REX.W and the opcode B8 to BF. */
function isInstructionOperand(file: Buffer, offset: number): boolean {
  return (file[offset - 2]! & 0xfe) === 0x48 && (file[offset - 1]! & 0xf8) === 0xb8;
}

function offsetsOf(file: Buffer, text: string | Buffer): number[] {
  const offsets: number[] = [];
  for (let offset = file.indexOf(text); offset >= 0; offset = file.indexOf(text, offset + 1)) offsets.push(offset);
  return offsets;
}
