/** The C library of this system, for the calls that the runtime does not offer. */
import { dlopen, type FFIFunction } from "bun:ffi";

/** glibc's name, then musl's, which carries the architecture. */
const linuxNames = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** Opens the C library with these functions. Throws when it or one of them is not there. */
export function openLibc<const Functions extends Record<string, FFIFunction>>(functions: Functions) {
  let failure: unknown;
  for (const name of process.platform === "darwin" ? ["libSystem.B.dylib"] : linuxNames) {
    try {
      return dlopen(name, functions).symbols;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
