/** Processor time of processes, which other work on the machine changes less than wall time. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second (USER_HZ, proc(5)). */
const ticksPerSecond = 100;

interface Entry {
  pid: number;
  parent: number;
  ticks: number;
}

/**
 * Seconds that a process and its descendants have run, in user and in system mode, with those that have ended and were
 * waited for. Linux only.
 */
export function processorSeconds(root: number): number {
  const all = readdirSync("/proc").flatMap(readEntry);
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  return all.filter(({ pid }) => tree.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}

function readEntry(name: string): Entry[] {
  if (!/^\d+$/.test(name)) return [];
  let stat: string;
  try {
    stat = readFileSync(`/proc/${name}/stat`, "utf8");
  } catch {
    return [];
  }
  // The second field is the program's name in parentheses, which may have any character.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [utime, stime, cutime, cstime] = fields.slice(11, 15) as [number, number, number, number];
  return [{ pid: Number(name), parent: fields[1]!, ticks: utime + stime + cutime + cstime }];
}
