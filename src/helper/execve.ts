/** execve(2) with bytes, on Linux: process.execve takes strings, which cannot hold bytes that are not UTF-8. */
import type { Environment } from "../base/environment.ts";
import type { Pointer } from "bun:ffi";
import { argumentBytes, environmentBytes, splitAtZeros } from "./raw-bytes.ts";

/**
 * Replaces the process, passing arguments and variables on byte for byte. Returns if that is not possible: no /proc, no
 * C library, or an error of the system, which process.execve then reports.
 */
export async function execveWithBytes(file: string, args: readonly string[], env: Environment): Promise<void> {
  if (process.platform !== "linux") return;
  try {
    const { dlopen, ptr, toArrayBuffer } = await import("bun:ffi");
    // From this process's memory: /proc/self/environ belongs to root in a process that cannot be traced (hardening.ts).
    const { start, size } = memoryOf(await Bun.file("/proc/self/stat").text());
    const environ = new Uint8Array(toArrayBuffer(start, 0, size));
    const words = argumentBytes([file, ...args], splitAtZeros(await Bun.file("/proc/self/cmdline").bytes()));
    const variables = environmentBytes(env, process.env, splitAtZeros(environ));
    const functions = {
      execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
      signal: { args: ["i32", "usize"], returns: "ptr" },
    } as const;
    const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
    const libc = await Bun.file("/proc/self/maps").text();
    const { symbols } = dlopen(libc.includes("/ld-musl-") ? musl : "libc.so.6", functions);
    const pointers = (list: Uint8Array[]) => {
      const strings = list.map((bytes) => Buffer.concat([bytes, new Uint8Array(1)]));
      const table = new BigUint64Array([...strings.map((bytes) => BigInt(ptr(bytes))), 0n]);
      return { strings, table };
    };
    const [argv, envp] = [pointers(words), pointers(variables)];
    // The runtime ignores SIGPIPE (13), and execve inherits that; 0 is SIG_DFL.
    symbols.signal(13, 0n);
    symbols.execve(argv.strings[0]!, ptr(argv.table), ptr(envp.table));
  } catch {
    // Fallback: process.execve, which reports the error.
  }
}

/** Where the kernel has put the variables: fields 50 and 51 of /proc/PID/stat (proc_pid_stat(5)), which it tells a process of itself. */
function memoryOf(stat: string): { start: Pointer; size: number } {
  // The fields begin behind the program's name, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [start, end] = [Number(fields[47]), Number(fields[48])];
  if (!(start > 0 && end > start)) throw new Error("the kernel does not tell where the variables are");
  return { start: start as Pointer, size: end - start };
}
