/** Protects the memory of a process that holds secrets from the user's other processes, as far as the system can. */
import { openLibc } from "../../base/system/libc.ts";

/** prctl(2): with 0, no other process of the user can trace this one, read its memory or make it dump core. */
const PR_SET_DUMPABLE = 4;
/** setrlimit(2): the maximum core file size. The same number on Linux and macOS. */
const RLIMIT_CORE = 4;
/** ptrace(2) of macOS: refuses debuggers from now on. */
const PT_DENY_ATTACH = 31;

/** A `struct rlimit`: soft and hard limit 0. */
const noCore = new BigUint64Array(2);

/** Hardens the agent's process. Failures go to `log`; the agent runs nevertheless. */
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
 * For helpers and the command line, which hold a token or a PIN for a moment, and for the server, which holds its keys:
 * no core file and no tracing, on Linux. execve(2) resets it, so that a program that replaces this process is
 * unaffected; core file limits are inherited and therefore left alone. macOS has nothing that execve(2) resets: no
 * effect there.
 */
export function closeMemory(): void {
  if (process.platform !== "linux") return;
  try {
    setUndumpable();
  } catch {
    // Without a C library to open, the process runs without hardening.
  }
}

function setUndumpable(): void {
  const { prctl } = openLibc({ prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" } });
  expectZero("prctl(PR_SET_DUMPABLE)", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

function expectZero(call: string, result: number): void {
  if (result !== 0) throw new Error(`${call} failed`);
}
