/** The C library of this system, for the calls that the runtime does not offer or that cost less this way. */
import type { dlopen, FFIFunction } from "bun:ffi";

/** What stands behind the module bun:ffi. Loading that module takes longer than all the calls of a helper together. */
const { FFI } = Bun as unknown as { FFI: { dlopen: typeof dlopen } };

/** glibc's name, then musl's, which carries the architecture. */
const linuxNames = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** Opens the C library with these functions. Throws when it or one of them is not there. */
export function openLibc<const Functions extends Record<string, FFIFunction>>(functions: Functions) {
  let failure: unknown;
  for (const name of process.platform === "darwin" ? ["libSystem.B.dylib"] : linuxNames) {
    try {
      const library = FFI.dlopen(name, functions);
      // The core returns what went wrong, and leaves it to the module to throw it.
      if (library instanceof Error) throw library;
      return library.symbols;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
