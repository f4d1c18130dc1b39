/** Ends what a worm has left running, wherever it has put itself. */
import { readdirSync, readFileSync } from "node:fs";

/** Ends every process whose home folder is this one, the agent and the server (which are ended by name) left out. */
export function endProcessesOf(home: string): void {
  // Until a round finds none: one may start another meanwhile.
  for (let round = 0; round < 20 && killAll(home) > 0; round++);
}

function killAll(home: string): number {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOf(name, home));
  for (const pid of found) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  return found.length;
}

function isOf(pid: string, home: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/environ`, "latin1").includes(`\0HOME=${home}\0`) &&
      !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"))
    );
  } catch {
    return false;
  }
}
