/** Closes the memory of a process that holds a secret to the user's other processes, where the system allows that. */
import { openLibc } from "../../base/system/libc.ts";

/** prctl(2): with 0 no other process of the user can trace this one, read its memory or make it dump core. */
const PR_SET_DUMPABLE = 4;
/** setrlimit(2): the largest core file. The same number on Linux and macOS. */
const RLIMIT_CORE = 4;
/** ptrace(2) of macOS: debuggers are refused from now on. */
const PT_DENY_ATTACH = 31;

/** A `struct rlimit`: soft and hard limit 0. */
const noCore = new BigUint64Array(2);

/** Hardens the agent's process. What the system refuses is given to `log`; the agent runs nevertheless. */
export function hardenProcess(log: (message: string) => void): void {
  process.umask(0o077);
  try {
    const { setrlimit } = openLibc({ setrlimit: { args: ["i32", "ptr"], returns: "i32" } });
    expectZero("setrlimit(RLIMIT_CORE)", setrlimit(RLIMIT_CORE, noCore));
    if (process.platform === "linux") {
      setUndumpable();
    } else if (process.platform === "darwin") {
      const { ptrace } = openLibc({ ptrace: { args: ["i32", "i32", "ptr", "i32"], returns: "i32" } });
      expectZero("ptrace(PT_DENY_ATTACH)", ptrace(PT_DENY_ATTACH, 0, null, 0));
    }
  } catch (error) {
    log(`the process is not hardened: ${(error as Error).message}`);
  }
}

/**
 * For helpers and the command line, which hold a token or a PIN for a moment, and the server, which holds its keys: no core
 * file and no tracing, on Linux. execve(2) ends it, so that what such a process starts or becomes is as always; limits on
 * core files, which would be inherited, are left alone. macOS has nothing that ends with execve(2); there it does nothing.
 */
export function closeMemory(): void {
  if (process.platform !== "linux") return;
  try {
    setUndumpable();
  } catch {
    // What is asked for matters more: a system without a C library to open cannot be hardened.
  }
}

function setUndumpable(): void {
  const { prctl } = openLibc({ prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" } });
  expectZero("prctl(PR_SET_DUMPABLE)", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

function expectZero(call: string, result: number): void {
  if (result !== 0) throw new Error(`${call} failed`);
}
