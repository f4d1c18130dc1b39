/** The system calls that the agent needs and the runtime does not offer. */
import { dlopen, FFIType } from "bun:ffi";

const int = FFIType.i32;
const functions = {
  flock: { args: [int, int], returns: int },
  setrlimit: { args: [int, FFIType.ptr], returns: int },
} as const;
const linuxFunctions = {
  ...functions,
  prctl: { args: [int, FFIType.u64, FFIType.u64, FFIType.u64, FFIType.u64], returns: int },
} as const;
const darwinFunctions = {
  ...functions,
  ptrace: { args: [int, int, FFIType.ptr, int], returns: int },
} as const;

/** glibc's name, then musl's, which carries the architecture. */
const linuxNames = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** Opens the C library of Linux. Throws when none of its names can be loaded. */
export function openLinuxLibc() {
  return firstOf(linuxNames, (name) => dlopen(name, linuxFunctions).symbols);
}

/** Opens the C library of macOS. */
export function openDarwinLibc() {
  return dlopen("libSystem.B.dylib", darwinFunctions).symbols;
}

function firstOf<T>(names: string[], open: (name: string) => T): T {
  let failure: unknown;
  for (const name of names) {
    try {
      return open(name);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
