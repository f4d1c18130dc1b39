/** Closes the agent's memory to the user's other processes where the system allows that. Loaded by the agent only. */
import { openDarwinLibc, openLinuxLibc } from "./libc.ts";
import { log } from "./log.ts";

/** prctl(2): with 0 no other process of the user can trace this one, read its memory or make it dump core. */
const PR_SET_DUMPABLE = 4;
/** setrlimit(2): the largest core file. The same number on Linux and macOS. */
const RLIMIT_CORE = 4;
/** ptrace(2) of macOS: debuggers are refused from now on. */
const PT_DENY_ATTACH = 31;

/** A `struct rlimit`: soft and hard limit 0. */
const noCore = new BigUint64Array(2);

/** Hardens this process. What the system refuses is logged; the agent runs nevertheless. */
export function hardenProcess(): void {
  process.umask(0o077);
  try {
    if (process.platform === "linux") {
      const libc = openLinuxLibc();
      expectZero("prctl(PR_SET_DUMPABLE)", libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
      expectZero("setrlimit(RLIMIT_CORE)", libc.setrlimit(RLIMIT_CORE, noCore));
    } else if (process.platform === "darwin") {
      const libc = openDarwinLibc();
      expectZero("setrlimit(RLIMIT_CORE)", libc.setrlimit(RLIMIT_CORE, noCore));
      expectZero("ptrace(PT_DENY_ATTACH)", libc.ptrace(PT_DENY_ATTACH, 0, null, 0));
    }
  } catch (error) {
    log(`the process is not hardened: ${(error as Error).message}`);
  }
}

function expectZero(call: string, result: number): void {
  if (result !== 0) throw new Error(`${call} failed`);
}
