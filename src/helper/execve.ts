/**
 * execve(2) with bytes, on Linux. process.execve takes strings, which cannot hold bytes that are not UTF-8, closes the
 * descriptors that the user has opened, and leaves signals ignored that the runtime ignores for itself.
 */
import type { Pointer } from "bun:ffi";
import type { Environment } from "../base/environment.ts";
import { openLibc } from "../base/system/libc.ts";
import { argumentBytes, environmentBytes, splitAtZeros } from "./raw-bytes.ts";

/** Signals that the runtime ignores, which execve(2) would pass on: SIGPIPE, SIGXFSZ. */
const ignoredSignals = [13, 25];
/** SIG_DFL. */
const defaultAction = 0n;

/**
 * Replaces the process, passing arguments and variables on byte for byte. Returns if that is not possible: no /proc, no
 * C library, or an error of the system, which process.execve then reports.
 */
export async function execveWithBytes(file: string, args: readonly string[], env: Environment): Promise<void> {
  if (process.platform !== "linux") return;
  try {
    const { ptr, toArrayBuffer } = await import("bun:ffi");
    const { execve, signal, open, read } = openLibc({
      execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
      signal: { args: ["i32", "usize"], returns: "ptr" },
      open: { args: ["ptr", "i32"], returns: "i32" },
      read: { args: ["i32", "ptr", "usize"], returns: "i64" },
    });
    const zeroEnded = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array(1)]);
    // By system calls: the runtime's reader starts a thread. O_CLOEXEC.
    const stat = Buffer.alloc(4096);
    const size = Number(read(open(zeroEnded(Buffer.from("/proc/self/stat")), 0o2000000), stat, stat.length));
    // From this process's memory: /proc/self/environ belongs to root in a process that cannot be traced (hardening.ts).
    const [given, environ] = memoryOf(stat.toString("latin1", 0, Math.max(0, size))).map(
      ({ start, length }) => new Uint8Array(toArrayBuffer(start, 0, length)),
    );
    const words = argumentBytes([file, ...args], splitAtZeros(given!)).map(zeroEnded);
    const variables = environmentBytes(env, splitAtZeros(environ!)).map(zeroEnded);
    const table = (strings: Buffer[]) => new BigUint64Array([...strings.map((bytes) => BigInt(ptr(bytes))), 0n]);
    const [argv, envp] = [table(words), table(variables)];
    for (const number of ignoredSignals) signal(number, defaultAction);
    execve(words[0]!, argv, envp);
  } catch {
    // Fallback: process.execve, which reports the error.
  }
}

/**
 * Where the kernel has put arguments and variables: fields 48 to 51 of /proc/PID/stat (proc_pid_stat(5)), which it tells a
 * process of itself.
 */
function memoryOf(stat: string): { start: Pointer; length: number }[] {
  // The fields begin behind the program's name, which may contain anything.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return [45, 47].map((index) => {
    const [start, end] = [fields[index]!, fields[index + 1]!];
    if (!(start > 0 && end >= start)) throw new Error("the kernel does not tell where arguments and variables are");
    return { start: start as Pointer, length: end - start };
  });
}
