/** The ancestors of a helper process, with their arguments and current folders. */
import { readFileSync, readlinkSync } from "node:fs";

export interface Asker {
  pid: number;
  args: string[];
  cwd: string;
}

const maxAncestors = 16;

/**
 * The ancestors of this process, the parent first, up to the first process of all (a container's may be the package
 * manager); empty if not even the parent is visible. Without `/proc`, ps(1)
 * gives the arguments, split at blanks, and the current folder is assumed to be ours.
 */
export function askersAbove(pid: number = process.ppid): Asker[] {
  const askers: Asker[] = [];
  for (let at = pid; at > 0 && askers.length < maxAncestors;) {
    const found = process.platform === "linux" ? inProc(at) : fromPs(at);
    if (found === undefined) break;
    askers.push({ pid: at, args: found.args, cwd: found.cwd });
    at = found.parent;
  }
  return askers;
}

type Found = Omit<Asker, "pid"> & { parent: number };

function inProc(pid: number): Found | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0$/, "").split("\0");
    // The name in parentheses can contain blanks and parentheses; the fields follow the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { args, parent, cwd: readlinkSync(`/proc/${pid}/cwd`) };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): Found | undefined {
  const { stdout } = Bun.spawnSync(["/bin/ps", "-ww", "-o", "ppid=,command=", "-p", String(pid)], {
    stdin: "ignore",
    stderr: "ignore",
    timeout: 5000,
  });
  const [, parent, command] = /^\s*(\d+)\s+(.*)$/s.exec(stdout.toString()) ?? [];
  if (parent === undefined || command === undefined) return undefined;
  return { args: command.trim().split(/\s+/), parent: Number(parent), cwd: process.cwd() };
}
