/** FFI access to the C library, for calls that the runtime does not offer. */
import { dlopen, type FFIFunction } from "bun:ffi";

/** File names of glibc, then of musl, which include the architecture. */
const linuxNames = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/** Opens the C library with the given functions. Throws if it or a function is missing. */
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
