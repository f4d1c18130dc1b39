/** execve(2) with bytes: process.execve takes strings, which cannot hold what is not UTF-8. Linux. */
import { argumentBytes, environmentBytes, splitAtZeros } from "./raw-bytes.ts";

type Environment = Record<string, string | undefined>;

/**
 * Becomes the program with the words and variables as this process was given them. Returns when that is not to be had:
 * no /proc, no C library, or a refusal of the system, which process.execve then explains.
 */
export async function execveWithBytes(file: string, args: readonly string[], env: Environment): Promise<void> {
  if (process.platform !== "linux") return;
  try {
    const [cmdline, environ] = await Promise.all(
      ["cmdline", "environ"].map((name) => Bun.file(`/proc/self/${name}`).bytes()),
    );
    const words = argumentBytes([file, ...args], splitAtZeros(cmdline!));
    const variables = environmentBytes(env, process.env, splitAtZeros(environ!));
    const { dlopen, ptr } = await import("bun:ffi");
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
    // The runtime ignores SIGPIPE (13), which execve hands on; 0 is SIG_DFL.
    symbols.signal(13, 0n);
    symbols.execve(argv.strings[0]!, ptr(argv.table), ptr(envp.table));
  } catch {
    // process.execve does it, and says why it cannot.
  }
}
